# Debian, because Temporal's SDK does not run on Alpine. Where Docker Hub can't be reached: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:22-slim
FROM ${NODE_IMAGE} AS base
WORKDIR /app

FROM base AS build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/build-page.mjs scripts/build-freshness.mjs scripts/pack-modules.mjs scripts/record-modules.mjs scripts/load-modules.mjs ./scripts/
COPY src ./src
COPY web ./web
# Of the packages only what runs here is kept: not the SDK's libraries for other platforms and their sources, no TypeScript, no maps, and
# not the compiler that the SDK bundles workflows with, since they are bundled by now.
RUN node scripts/build.mjs \
    && chmod +x dist/src/main.js \
    && npm prune --omit=dev --no-audit --no-fund \
    && cd node_modules \
    && find @temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} + \
    && rm -r @temporalio/core-bridge/sdk-core @swc/core-* \
    && find . -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete

# Temporal's CLI, which holds the server and the UI that run when TEMPORAL_ADDRESS is not set. An archive of the release that lies
# beside this file is taken in place of a download; TEMPORAL_CLI_URL is another address of it. It must have the checksum that
# src/embedded-temporal/cli/release.json says, or TEMPORAL_CLI_SHA256.
FROM base AS temporal
ARG TARGETARCH
ARG TEMPORAL_CLI_URL=
ARG TEMPORAL_CLI_SHA256=
WORKDIR /cli
COPY scripts/fetch-temporal-cli.mjs src/embedded-temporal/cli/release.json temporal_cli_*.tar.gz* ./
RUN node fetch-temporal-cli.mjs

FROM base
# The SDK's connections trust the system's certificates, and slim images have none; Node.js brings the same ones.
RUN mkdir -p /etc/ssl/certs \
    && node -p "require('node:tls').rootCertificates.join('\n')" > /etc/ssl/certs/ca-certificates.crt \
    && install -d -o node -g node -m 700 /data \
    && ln -s /app/dist/src/main.js /usr/local/bin/portward
COPY --from=temporal /cli/temporal /usr/local/bin/temporal
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY LICENSE ./

ENV NODE_ENV=production \
    PORTWARD_DATA_DIR=/data \
    DEBUG_LOG_DIR=/data/debug_logs
VOLUME /data
# The API, which also shows the Temporal UI.
EXPOSE 8000
# It needs the Docker socket's group too: --group-add "$(stat -c %g /var/run/docker.sock)".
USER node
# Portward takes SIGTERM to mean: API first, then the worker, then the embedded Temporal server.
STOPSIGNAL SIGTERM
# That the process answers; whether there is a list of engines is told by /health/ready.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.APP_PORT || 8000) + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["portward"]
CMD ["start"]

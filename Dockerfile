# syntax=docker/dockerfile:1

# Debian, because Temporal's SDK does not run on Alpine.
FROM node:22-slim AS base
WORKDIR /app

FROM base AS build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.mjs \
    && chmod +x dist/src/main.js \
    && npm prune --omit=dev --no-audit --no-fund

# Temporal's CLI, which holds the server and the UI that run when TEMPORAL_ADDRESS is not set.
FROM base AS temporal
ARG TEMPORAL_CLI_VERSION=1.5.1
ARG TARGETARCH
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl
RUN mkdir /tmp/cli \
    && curl -fsSL --retry 3 "https://temporal.download/cli/archive/v${TEMPORAL_CLI_VERSION}?platform=linux&arch=${TARGETARCH:-$(dpkg --print-architecture)}" \
    | tar -xz -C /tmp/cli \
    && install -m 755 /tmp/cli/temporal /usr/local/bin/temporal \
    && temporal --version

FROM base
# The SDK's connections trust the system's certificates, and slim images have none.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o node -g node -m 700 /data \
    && ln -s /app/dist/src/main.js /usr/local/bin/portward
COPY --from=temporal /usr/local/bin/temporal /usr/local/bin/temporal
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

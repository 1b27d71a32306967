import { createHash } from 'node:crypto';
import { contentPolicy } from '../http/security-headers';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 30rem; margin: 15vh auto; padding: 0 1rem; }
label { display: block; font-weight: 600; }
input, button { font: inherit; padding: 0.4rem 0.6rem; }
input { box-sizing: border-box; width: 100%; margin-bottom: 1rem; }
[role='alert'] { font-weight: 600; }
`;

/** Content-Security-Policy of the sign-in page, which has no scripts. */
export const signInPolicy = contentPolicy(
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
);

interface SignIn {
  /** Address that the form is sent to. */
  readonly action: string;
  /** Address to show after signing in. */
  readonly to: string;
  readonly problem: string | null;
}

/** Asks for the key in a form. A key in the address would stay in the browser's history and in logs. */
export function signInPage({ action, to, problem }: SignIn): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Portward: Temporal UI</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Temporal UI</h1>
<p>The Temporal UI can do everything that Portward can. So it needs the API key: API_KEY in Portward's environment.</p>
${problem === null ? '' : `<p role="alert">${escaped(problem)}</p>`}
<form method="post" action="${escaped(action)}">
<input type="hidden" name="to" value="${escaped(to)}">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>Open the Temporal UI</button>
</form>
</main>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}

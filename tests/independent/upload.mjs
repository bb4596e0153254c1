// Uploads files with Node's fetch and FormData as each vendor documents it: upload.mjs VENDOR ROOT FILE...
// The names are those of the files. Knows nothing of the plugin.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

const { TOKEN, CLIENT_ID, CLIENT_SECRET, LOGIN, PROJECT } = process.env;
const JSON_TYPE = { "Content-Type": "application/json" };

async function ask(url, options = {}) {
  const answer = await fetch(url, { redirect: "error", ...options });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

function form(field, file) {
  const made = new FormData();
  made.append(field, new Blob([file.bytes]), file.name);
  return made;
}

const vendors = {
  async squash(root, file) {
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const url = `${root}/api/rest/latest/executions/1042/attachments`;
    await ask(url, { method: "POST", headers, body: form("files", file) });
  },

  async workiva(root, file) {
    const version = { "X-Version": "2026-01-01" };
    const grant = { grant_type: "client_credentials", client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
    const login = { method: "POST", headers: version, body: new URLSearchParams(grant) };
    const token = (await (await ask(`${root}/oauth2/token`, login)).json()).access_token;
    const headers = { ...version, Authorization: `Bearer ${token}` };
    const begun = await ask(`${root}/testForms/f1/testPhases/p1/attachmentUpload`, {
      method: "POST",
      headers: { ...headers, ...JSON_TYPE },
      body: JSON.stringify({ fileName: file.name }),
    });
    const { uploadUrl } = await begun.json();
    await ask(uploadUrl, { method: "PUT", headers, body: file.bytes });
    for (;;) {
      const { status } = await (await ask(begun.headers.get("location"), { headers })).json();
      if (status === "completed") return;
      if (status === "failed") throw new Error("the operation failed");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },

  async huawei(root, file) {
    const login = await ask(`${root}/v3/auth/tokens`, { method: "POST", headers: JSON_TYPE, body: LOGIN });
    const headers = { "X-Auth-Token": login.headers.get("x-subject-token") };
    const item = `${root}/v1/ipdprojectservice/projects/${PROJECT}/issues/956239067176935400`;
    await ask(`${item}/attachments/upload`, { method: "POST", headers, body: form("attachment", file) });
  },

  async rillsoft(root, file, number) {
    const login = await ask(`${root}/api/v1/login`, { method: "POST", headers: JSON_TYPE, body: LOGIN });
    const headers = { Accept: "application/json", Authorization: `Bearer ${(await login.json()).token}` };
    const url = `${root}/api/v2/clients/7/attachments/${4711 + number}`;
    await ask(url, { method: "POST", headers, body: form("file", file) });
  },
};

const [vendor, root, ...paths] = process.argv.slice(2);
for (const [number, path] of paths.entries()) {
  await vendors[vendor](root, { name: basename(path), bytes: await readFile(path) }, number);
}

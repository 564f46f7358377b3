// A certified OpenID provider (oidc-provider) for tests, on loopback and on free ports.
//
//   node provider.mjs http://127.0.0.1:8080/api/oidc/callback ...
//
// prints one line of JSON, {"issuer": ..., "control": ...}, and runs until its standard input ends.
// It knows the public client `vedette` and whoever `people` below lists; any password is right.
// Its login page is a plain form: GET the address of a sign-in, follow redirects with cookies, POST
// `prompt=login&login=anna&password=x` to the form's action, follow again.
//
// At `control`:
//   POST /token?sub=anna[&expires_in=60][&aud=vedette]   a JWT access token, as text
//   POST /rotate                                         new keys, the old ones out
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const CLIENT = "vedette";
const people = {
  anna: { roles: ["admin"], agencies: ["*"] },
  omar: { roles: ["viewer"], agencies: ["METRO"] },
  // Known there, and nobody here.
  nora: {},
};

const listen = (server) =>
  new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(`http://127.0.0.1:${server.address().port}`)));

// ID tokens are signed with the first, access tokens with the second.
const newKeys = () =>
  [generateKeyPairSync("rsa", { modulusLength: 2048 }), generateKeyPairSync("ec", { namedCurve: "P-256" })].map(
    ({ privateKey }) => ({ ...privateKey.export({ format: "jwk" }), use: "sig" }),
  );

const api = (audience) => ({
  audience,
  scope: "",
  accessTokenTTL: 3600,
  accessTokenFormat: "jwt",
  jwt: { sign: { alg: "ES256" } },
});

const claimsOf = (sub) => ({ preferred_username: sub, ...people[sub] });

const newProvider = (issuer) => {
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT, redirect_uris: process.argv.slice(2), token_endpoint_auth_method: "none" }],
    jwks: { keys: newKeys() },
    cookies: { keys: ["only for tests"] },
    claims: { openid: ["sub", "roles", "agencies"], profile: ["preferred_username"] },
    // What the scopes grant stands in the ID token, not only at the userinfo endpoint.
    conformIdTokenClaims: false,
    findAccount: (_, sub) =>
      sub in people ? { accountId: sub, claims: () => ({ sub, ...claimsOf(sub) }) } : undefined,
    extraTokenClaims: (_, token) => claimsOf(token.accountId),
    features: {
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `urn:${CLIENT}`,
        useGrantedResource: () => true,
        getResourceServerInfo: () => api(CLIENT),
      },
    },
    // Whoever signs in has agreed.
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid profile");
      grant.addResourceScope(`urn:${CLIENT}`, "");
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: 3600, IdToken: 3600, Grant: 3600, Interaction: 3600, Session: 3600 },
  });
  return { provider, answer: provider.callback() };
};

const newToken = async ({ provider }, query) => {
  const sub = query.get("sub");
  if (!(sub in people)) throw new Error(`nobody is called ${sub}`);
  const aud = query.get("aud") ?? CLIENT;
  const token = new provider.AccessToken({
    accountId: sub,
    client: await provider.Client.find(CLIENT),
    expiresIn: Number(query.get("expires_in") ?? 3600),
    resourceServer: new provider.ResourceServer(aud, api(aud)),
    extra: claimsOf(sub),
  });
  return token.save();
};

// The provider cannot change its keys, so it is replaced behind the same port. What it remembers
// (sessions, codes) lies in the process and stays.
let current;
const door = createServer((request, response) => current.answer(request, response));
const issuer = await listen(door);
current = newProvider(issuer);

const control = await listen(
  createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    try {
      if (request.method !== "POST") throw new Error("POST only");
      if (pathname === "/token") return response.end(await newToken(current, searchParams));
      if (pathname !== "/rotate") throw new Error("no such thing");
      current = newProvider(issuer);
      response.end();
    } catch (error) {
      response.writeHead(400).end(`${error.message}\n`);
    }
  }),
);

process.stdout.write(`${JSON.stringify({ issuer, control })}\n`);
process.stdin.on("end", () => process.exit()).resume();

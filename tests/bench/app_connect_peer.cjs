// The core of RingCentral App Connect with a connector for a CRM that is REST and JSON.
// `node app_connect_peer.cjs PORT CRM_URL TOKEN_FILE`: writes the query that a client sends.

const [port, crm, tokenFile] = process.argv.slice(2);
Object.assign(process.env, {
  DATABASE_URL: "sqlite:app-connect.sqlite",
  APP_SERVER: `http://127.0.0.1:${port}`,
  APP_SERVER_SECRET_KEY: "a secret of the benchmark",
});

const { writeFileSync } = require("node:fs");
const axios = require("axios");
const { connectorRegistry, createCoreApp } = require("@app-connect/core");
const { generateJwt } = require("@app-connect/core/lib/jwt");
const { UserModel } = require("@app-connect/core/models/userModel");
const { AccountDataModel } = require("@app-connect/core/models/accountDataModel");

const PLATFORM = "crm";
const USER = "crm-1";

const unused = async () => ({});
const connector = {
  createCallLog: unused,
  updateCallLog: unused,
  getAuthType: async () => "apiKey",
  getBasicAuth: ({ apiKey }) => Buffer.from(`${apiKey}:`).toString("base64"),
  async findContact({ authHeader, phoneNumber }) {
    const headers = { Authorization: authHeader };
    const { data } = await axios.get(`${crm}/people?phone=${phoneNumber.slice(1)}`, {
      headers,
    });
    const matchedContactInfo = data.people.map(({ id, first, last, company, email, phones }) => ({
      id,
      name: `${first} ${last}`,
      type: "Contact",
      phone: phones[0].value,
      additionalInfo: { company, email },
    }));
    return { successful: true, matchedContactInfo };
  },
};

console.log = () => {};
connectorRegistry.setDefaultManifest({ platforms: { [PLATFORM]: {} } });
connectorRegistry.registerConnector(PLATFORM, connector);
const app = createCoreApp();

(async () => {
  await UserModel.sync();
  await AccountDataModel.sync();
  await UserModel.upsert({ id: USER, platform: PLATFORM, accessToken: "key" });
  writeFileSync(tokenFile, generateJwt({ id: USER, platform: PLATFORM }));
  app.listen(Number(port), "127.0.0.1");
})();

'use strict';

// The signatures of @alicloud/openapi-client. Variants: "ACS3 GET", "ACS3 POST",
// "ACS3 form" (parameters in the body) and "RPC POST", the client's own old way.
const { default: Client, Config, OpenApiRequest, Params } = require('@alicloud/openapi-client');
const { default: OpenApiUtil } = require('@alicloud/openapi-util');
const { RuntimeOptions } = require('@alicloud/tea-util');

const { run } = require('./jobs.js');

run(async (job, params) => {
  const { accessKeyId, accessKeySecret, securityToken } = job;
  const [signature, how] = job.variant.split(' ');
  const client = new Client(new Config({
    accessKeyId,
    accessKeySecret,
    securityToken,
    endpoint: new URL(job.endpoint).host,
    protocol: 'HTTP',
    signatureAlgorithm: signature === 'RPC' ? 'v2' : undefined,
  }));
  const parameters = OpenApiUtil.query(params);
  const response = await client.callApi(
    new Params({
      action: 'ListImage',
      version: '2021-09-01',
      protocol: 'HTTP',
      pathname: '/',
      method: how === 'GET' ? 'GET' : 'POST',
      authType: 'AK',
      style: 'RPC',
      reqBodyType: 'formData',
      bodyType: 'json',
    }),
    new OpenApiRequest(how === 'form' ? { body: parameters } : { query: parameters }),
    new RuntimeOptions({}),
  );
  return response.body;
});

'use strict';

// The RPC signature, HMAC-SHA1, by @alicloud/pop-core. Variants: GET, POST.
const { RPCClient } = require('@alicloud/pop-core');
const { stringify } = require('json-bigint'); // pop-core reads long numbers with it

const { run } = require('./jobs.js');

run((job, params) => {
  const { endpoint, accessKeyId, accessKeySecret, securityToken } = job;
  const client = new RPCClient({ endpoint, accessKeyId, accessKeySecret, securityToken, apiVersion: '2021-09-01' });
  return client.request('ListImage', params, { method: job.variant });
}, stringify);

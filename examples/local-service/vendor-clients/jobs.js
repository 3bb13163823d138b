'use strict';

const { readFileSync } = require('node:fs');

// run reads jobs from standard input, lists all pages of each with call, and
// prints the outcomes as JSON. A job is {endpoint, accessKeyId, accessKeySecret,
// securityToken, variant, params}; call(job, params) resolves to a page.
module.exports.run = async function run(call, stringify = JSON.stringify) {
  const jobs = JSON.parse(readFileSync(0, 'utf8'));
  const outcomes = [];
  for (const job of jobs) {
    outcomes.push(await list(job, call));
  }
  process.stdout.write(stringify(outcomes) + '\n');
};

async function list(job, call) {
  const images = [];
  let pages = 0;
  try {
    for (let count = 1; images.length < count; ) {
      const page = await call(job, { ...job.params, PageNumber: pages + 1 });
      pages++;
      count = page.Count;
      images.push(...page.Data);
      if (page.Data.length === 0) break;
    }
    return { pages, images };
  } catch (err) {
    return { pages, images, code: String(err.code) };
  }
}

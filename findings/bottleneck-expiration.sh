#!/usr/bin/env bash
# Bottleneck: an expiration frees the place of a job that is still running, so maxConcurrent is exceeded.
#
# Guess:     with maxConcurrent 1 a job that runs into its expiration fails, and the next one starts when it has ended.
# Version:   bottleneck 2.19.5, node 20.20.2, Linux
# Behaviour: the promise is rejected and the next job starts, while the function of the first goes on: nothing stops it,
#            and nothing counts it. The slower an upstream gets, the more calls are open at once. Without an expiration
#            jobs run one by one.
# Output:    maxConcurrent 1, running at once of 4: with expiration 4, without 1
# Date:      2026-11-28
# Source:    seen by running it; the README says that the job fails, and not that it keeps running beside the next
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund bottleneck@2.19.5
cat >expire.js <<'JS'
const Bottleneck = require("bottleneck");

async function largest(options) {
  const limiter = new Bottleneck({ maxConcurrent: 1 });
  let running = 0;
  let most = 0;
  let ended = 0;
  const job = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((wake) => setTimeout(wake, 1000));
    running -= 1;
    ended += 1;
  };
  await Promise.allSettled([1, 2, 3, 4].map(() => limiter.schedule(options, job)));
  while (ended < 4) await new Promise((wake) => setTimeout(wake, 20));
  return most;
}

(async () => {
  const expiring = await largest({ expiration: 100 });
  const patient = await largest({});
  console.log(`maxConcurrent 1, running at once of 4: with expiration ${expiring}, without ${patient}`);
  if (patient !== 1) throw new Error("the comparison has changed");
  if (expiring < 2) throw new Error("a job that expired now keeps its place");
})();
JS
node expire.js

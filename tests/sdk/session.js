// Whether Clerk's official package takes a session token, and what it makes of it.
//
//   node session.js TOKEN PEM-FILE        prints the user, or fails with the package's reason
'use strict';
const fs = require('fs');
const path = require('path');
const { verifyToken } = require(path.join(process.env.TEXBUILD_SDK, 'node_modules', '@clerk/backend'));

const [token, file] = process.argv.slice(2);
verifyToken(token, { jwtKey: fs.readFileSync(file, 'utf8') }).then(
  (claims) => process.stdout.write(claims.sub),
  (e) => {
    process.stderr.write(`${e.reason}\n`);
    process.exit(1);
  },
);

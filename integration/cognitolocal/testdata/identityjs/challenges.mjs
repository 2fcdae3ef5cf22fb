// Signs in to a local user pool with amazon-cognito-identity-js through its
// challenges, and prints what it saw as one line of JSON. No secret is printed.
//
// Environment: ENDPOINT, POOL_ID, CLIENT_ID, PASSWORD, NEW_PASSWORD, TOTP_SECRET.
import { createHmac } from 'node:crypto';
import cognito from 'amazon-cognito-identity-js';

const { ENDPOINT, POOL_ID, CLIENT_ID, PASSWORD, NEW_PASSWORD, TOTP_SECRET } = process.env;
const { AuthenticationDetails, CognitoUser, CognitoUserPool } = cognito;
const Pool = new CognitoUserPool({ UserPoolId: POOL_ID, ClientId: CLIENT_ID, endpoint: ENDPOINT });

// totp is RFC 6238; ahead counts half minutes, since a code works only once.
const totp = (ahead = 0) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...TOTP_SECRET].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const sum = createHmac('sha1', key).update(counter).digest();
  const offset = sum[19] & 15;
  return String((sum.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
};

// signIn signs the user in, and returns the challenges met on the way and
// whether there were tokens in the end.
const signIn = (Username, { password = PASSWORD, flow, answers = [], ahead, refresh } = {}) =>
  new Promise((resolve) => {
    const user = new CognitoUser({ Username, Pool });
    if (flow) user.setAuthenticationFlowType(flow);
    const seen = [];
    const callbacks = {
      onSuccess: (session) => {
        seen.push(session.isValid() ? 'signed in' : 'invalid');
        if (!refresh) return resolve(seen);
        user.refreshSession(session.getRefreshToken(), (err) => resolve([...seen, err?.code ?? 'refreshed']));
      },
      onFailure: (err) => resolve([...seen, err.code ?? String(err)]),
      totpRequired: (name) => {
        seen.push(name);
        user.sendMFACode(totp(ahead), callbacks, name);
      },
      newPasswordRequired: (attributes, required) => {
        seen.push(`new password, ${required}`);
        user.completeNewPasswordChallenge(NEW_PASSWORD, { name: 'Jo' }, callbacks);
      },
      customChallenge: (parameters) => {
        seen.push(parameters.question);
        user.sendCustomChallengeAnswer(answers.shift(), callbacks);
      },
    };
    const details = new AuthenticationDetails({ Username, Password: password });
    if (flow === 'CUSTOM_AUTH' && !password) {
      user.initiateAuth(details, callbacks);
    } else {
      user.authenticateUser(details, callbacks);
    }
  });

const result = {
  srp: await signIn('plain'),
  srpWrong: await signIn('plain', { password: PASSWORD + 'x' }),
  srpNobody: await signIn('nobody'),
  totp: await signIn('totp'),
  newPassword: await signIn('invited'),
  newPasswordAfter: await signIn('invited', { password: NEW_PASSWORD }),
  custom: await signIn('plain', { flow: 'CUSTOM_AUTH', password: '', answers: ['no', 'blue', '42'] }),
  customWithSRP: await signIn('plain', { flow: 'CUSTOM_AUTH', answers: ['blue', '42'] }),
  customWrong: await signIn('plain', { flow: 'CUSTOM_AUTH', answers: ['1', '2', '3'] }),
  device: await signIn('device'),
  deviceAgain: await signIn('device', { refresh: true }),
  deviceNew: await signIn('plain', { refresh: true }),
};

// Forty in a row: padding mistakes show once in a few hundred numbers.
result.inARow = 0;
for (let i = 0; i < 40; i++) {
  if ((await signIn('plain')).at(-1) === 'signed in') result.inARow++;
}

console.log(JSON.stringify(result));

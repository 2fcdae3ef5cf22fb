// Gets AWS credentials from a local identity pool with the AWS SDK for
// JavaScript and prints what it saw as one line of JSON. No secret is printed.
//
// Environment: ENDPOINT, IDENTITY_POOL_ID, PROVIDER, TOKEN, ACCESS_TOKEN.
import {
  CognitoIdentityClient,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
  GetOpenIdTokenCommand,
} from '@aws-sdk/client-cognito-identity';

const { ENDPOINT, IDENTITY_POOL_ID, PROVIDER, TOKEN, ACCESS_TOKEN } = process.env;
const client = new CognitoIdentityClient({ region: 'eu-west-1', endpoint: ENDPOINT, maxAttempts: 1 });

const getId = (token) =>
  client.send(new GetIdCommand({ IdentityPoolId: IDENTITY_POOL_ID, Logins: { [PROVIDER]: token } }));

const result = {};
await getId(ACCESS_TOKEN).catch((err) => {
  result.accessToken = `${err.name}: ${err.message}`;
});

const { IdentityId } = await getId(TOKEN);
const Logins = { [PROVIDER]: TOKEN };
const { Credentials } = await client.send(new GetCredentialsForIdentityCommand({ IdentityId, Logins }));
result.accessKeyId = Credentials.AccessKeyId;
result.secretLength = Credentials.SecretKey.length;
result.expiration = Credentials.Expiration.getTime() / 1000;

const { Token } = await client.send(new GetOpenIdTokenCommand({ IdentityId, Logins }));
result.vouched = JSON.parse(Buffer.from(Token.split('.')[1], 'base64url')).sub === IdentityId;

console.log(JSON.stringify(result));

// Signs in to a local user pool with amazon-cognito-identity-js, reads the
// user's attributes, refreshes, signs out with revocation, and prints what it
// saw as one line of JSON. No token is printed.
//
// Environment: ENDPOINT, POOL_ID, CLIENT_ID, USERNAME, PASSWORD.
import cognito from 'amazon-cognito-identity-js';

const { ENDPOINT, POOL_ID, CLIENT_ID, USERNAME, PASSWORD } = process.env;
const { AuthenticationDetails, CognitoUser, CognitoUserPool } = cognito;

// call turns a function that takes a node-style callback into a promise.
const call = (run) =>
  new Promise((resolve, reject) => run((err, value) => (err ? reject(err) : resolve(value))));

const pool = new CognitoUserPool({ UserPoolId: POOL_ID, ClientId: CLIENT_ID, endpoint: ENDPOINT });

const newUser = () => {
  const user = new CognitoUser({ Username: USERNAME, Pool: pool });
  user.setAuthenticationFlowType('USER_PASSWORD_AUTH');
  return user;
};

const signIn = (user, password) =>
  new Promise((onSuccess, onFailure) =>
    user.authenticateUser(new AuthenticationDetails({ Username: USERNAME, Password: password }), {
      onSuccess,
      onFailure,
    }),
  );

// codeOf returns the error code of a promise that must fail.
const codeOf = (promise) => promise.then(() => 'no error', (err) => err.code ?? String(err));

const result = { wrongPassword: await codeOf(signIn(newUser(), PASSWORD + 'x')) };

const user = newUser();
const session = await signIn(user, PASSWORD);
result.valid = session.isValid();
result.username = session.getAccessToken().payload.username;
result.groups = session.getIdToken().payload['cognito:groups'];

const attributes = await call((done) => user.getUserAttributes(done));
result.attributes = Object.fromEntries(attributes.map((a) => [a.getName(), a.getValue()]));

const refreshToken = session.getRefreshToken();
const refreshed = await call((done) => user.refreshSession(refreshToken, done));
result.refreshed = refreshed.isValid();
result.newAccessToken = refreshed.getAccessToken().getJwtToken() !== session.getAccessToken().getJwtToken();
result.sameRefreshToken = refreshed.getRefreshToken().getToken() === refreshToken.getToken();

await call((done) => user.signOut(done));
result.afterSignOut = await codeOf(call((done) => newUser().refreshSession(refreshToken, done)));

console.log(JSON.stringify(result));

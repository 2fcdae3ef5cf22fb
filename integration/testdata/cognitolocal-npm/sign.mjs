// Signs the claims in $CLAIMS with a new key, and prints the public key and the
// token.
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'jose', alg: 'RS256', use: 'sig' };
const token = await new SignJWT(JSON.parse(process.env.CLAIMS))
	.setProtectedHeader({ alg: 'RS256', kid: 'jose' })
	.sign(privateKey);
console.log(JSON.stringify({ jwk, token }));

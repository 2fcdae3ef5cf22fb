package main

var apacheOpenIDC = &program{
	name:        "Apache, mod_auth_openidc",
	get:         apacheModule("libapache2-mod-auth-openidc"),
	bare:        apacheWith(""),
	authorizing: apacheWith(apacheOpenIDCRules),
}

var apacheOAuth2 = &program{
	name:        "Apache, mod_oauth2",
	get:         apacheModule("libapache2-mod-oauth2"),
	bare:        apacheWith(""),
	authorizing: apacheWith(apacheOAuth2Rules),
}

func apacheModule(module string) func(*kit) (executable, error) {
	return func(k *kit) (executable, error) { return k.debian("usr/sbin/apache2", "apache2-bin", module) }
}

const apacheConfig = `ServerRoot $DIR
ServerName localhost
DefaultRuntimeDir $DIR
PidFile $DIR/httpd.pid
ErrorLog /dev/stderr
LogLevel crit
Listen $ADDRESS
LoadModule mpm_event_module $PREFIX/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module $PREFIX/usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module $PREFIX/usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module $PREFIX/usr/lib/apache2/modules/mod_authz_user.so
LoadModule proxy_module $PREFIX/usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module $PREFIX/usr/lib/apache2/modules/mod_proxy_http.so
User nobody
Group nogroup
Mutex pthread
StartServers 1
ServerLimit 1
ThreadsPerChild 64
MaxRequestWorkers 64
MinSpareThreads 64
MaxSpareThreads 64
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
ProxyPass / http://$UPSTREAM/
$RULES`

const apacheOpenIDCRules = `LoadModule auth_openidc_module $PREFIX/usr/lib/apache2/modules/mod_auth_openidc.so
OIDCOAuthVerifyJwksUri $TLS_JWKS
OIDCOAuthSSLValidateServer Off
OIDCOAuthRemoteUserClaim sub
<Location />
	AuthType oauth20
	Require claim iss:$ISSUER
</Location>
`

const apacheOAuth2Rules = `LoadModule oauth2_module $PREFIX/usr/lib/apache2/modules/mod_oauth2.so
<Location />
	AuthType oauth2
	OAuth2TokenVerify jwks_uri $JWKS verify.exp=required
	Require oauth2_claim iss:$ISSUER
</Location>
`

func apacheWith(rules string) variant {
	return func(s site) ([]string, error) {
		file, err := s.write("httpd.conf", apacheConfig, "$RULES", rules)
		return []string{"-DFOREGROUND", "-f", file}, err
	}
}

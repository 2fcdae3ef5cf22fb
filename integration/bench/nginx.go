package main

var nginxNJS = &program{
	name: "nginx, njs by hand",
	get: func(k *kit) (executable, error) {
		return k.debian("usr/sbin/nginx", "nginx", "libnginx-mod-http-js")
	},
	bare:        nginxWith("", ""),
	authorizing: nginxWith(nginxRules, nginxLocation),
	keyFile:     true,
}

const nginxConfig = `load_module $PREFIX/usr/lib/nginx/modules/ngx_http_js_module.so;
daemon off;
worker_processes 1;
pid $DIR/nginx.pid;
error_log stderr crit;
events {
	worker_connections 1024;
}
http {
	access_log off;
	client_body_temp_path $DIR/body;
	proxy_temp_path $DIR/proxy;
	fastcgi_temp_path $DIR/fastcgi;
	uwsgi_temp_path $DIR/uwsgi;
	scgi_temp_path $DIR/scgi;
	keepalive_requests 1000000000;
	js_path $DIR;
	js_import bearer from bearer.js;
	upstream upstream {
		server $UPSTREAM;
		keepalive 64;
		keepalive_requests 1000000000;
	}
	server {
		listen $ADDRESS;
		location / {
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_pass http://upstream;
			$RULES
		}
		$LOCATION
	}
}
`

const nginxRules = `auth_request /verify;
			auth_request_set $sub $sent_http_x_sub;
			proxy_set_header X-Sub $sub;`

const nginxLocation = `location = /verify {
			internal;
			js_content bearer.verify;
		}`

// bearerScript imports the key for each request, because njs gives every request
// a machine of its own, in which nothing of an earlier one is left.
const bearerScript = `
const der = Buffer.from(` + "`$KEY`" + `, 'base64');
const algorithm = {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256'};

async function subject(token) {
	const parts = token.split('.');
	const header = JSON.parse(Buffer.from(parts[0], 'base64url'));
	const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
	if (parts.length != 3 || header.alg != 'RS256' || claims.iss != '$ISSUER' || !(claims.exp > Date.now() / 1000)) {
		throw new Error('refused');
	}
	const key = await crypto.subtle.importKey('spki', der, algorithm, false, ['verify']);
	const signature = Buffer.from(parts[2], 'base64url');
	if (!await crypto.subtle.verify(algorithm, key, signature, parts[0] + '.' + parts[1])) {
		throw new Error('refused');
	}
	return claims.sub;
}

async function verify(r) {
	try {
		r.headersOut['X-Sub'] = await subject(r.headersIn.Authorization.slice('Bearer '.length));
		r.return(204);
	} catch (e) {
		r.return(401);
	}
}

export default {verify};
`

func nginxWith(rules, location string) variant {
	return func(s site) ([]string, error) {
		if _, err := s.write("bearer.js", bearerScript); err != nil {
			return nil, err
		}
		file, err := s.write("nginx.conf", nginxConfig, "$RULES", rules, "$LOCATION", location)
		return []string{"-e", "stderr", "-p", s.dir, "-c", file}, err
	}
}

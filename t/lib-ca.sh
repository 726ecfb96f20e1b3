# lib-ca.sh: certificates for tests, in $T/ca. Source it after lib.sh.
# shellcheck shell=sh disable=SC2034

# ca_root NAME ALGORITHM...: a root; NAME.pem, NAME.key
ca_root() {
	mkdir -p "$T/ca"
	name=$1
	shift
	openssl req -x509 -newkey "$@" -nodes -keyout "$T/ca/$name.key" \
	    -out "$T/ca/$name.pem" -subj "/O=Test/CN=Root $name" -days 30 \
	    2>>"$T/ca/log"
}

# ca_sign ISSUER NAME DAYS EXTENSIONS ALGORITHM...: a certificate;
# NAME.pem, NAME.key
ca_sign() {
	issuer=$1 name=$2 days=$3
	printf '%s\n' "$4" >"$T/ca/ext"
	shift 4
	openssl req -newkey "$@" -nodes -keyout "$T/ca/$name.key" \
	    -out "$T/ca/csr" -subj "/O=Test/CN=$name" 2>>"$T/ca/log" &&
	openssl x509 -req -in "$T/ca/csr" -CA "$T/ca/$issuer.pem" \
	    -CAkey "$T/ca/$issuer.key" -CAcreateserial -days "$days" \
	    -extfile "$T/ca/ext" -out "$T/ca/$name.pem" 2>>"$T/ca/log"
}

P256='ec -pkeyopt ec_paramgen_curve:P-256'
P384='ec -pkeyopt ec_paramgen_curve:P-384'
CA_INTERMEDIATE='basicConstraints=critical,CA:TRUE'

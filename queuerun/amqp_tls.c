/* amqp_tls: see amqp_tls.h. */
#include "amqp_tls.h"
#include "io.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE	 16384 /* octets of a TLS record */
#define FAREWELL 2000  /* ms for the rest, when our side has ended */

static char reason[512];

/* What OpenSSL has to say, the first of it: the others only comment. */
static const char *
openssl_words(const char *doing)
{
	unsigned long e = ERR_get_error();
	const char *text = e != 0 ? ERR_reason_error_string(e) : NULL;

	if (text == NULL)
		text = errno != 0 ? strerror(errno) : "the peer hung up";
	snprintf(reason, sizeof reason, "%s: %s", doing, text);
	ERR_clear_error();
	return reason;
}

static const char *
load_files(SSL_CTX *ctx, const struct amqp_tls *tls)
{
	const char *key = tls->key != NULL ? tls->key : tls->cert;

	if (tls->ca == NULL ? SSL_CTX_set_default_verify_paths(ctx) != 1 :
		SSL_CTX_load_verify_locations(ctx, tls->ca, NULL) != 1)
		return openssl_words(tls->ca != NULL ? tls->ca :
			"the system's certificates");
	if (tls->cert == NULL)
		return NULL;
	if (SSL_CTX_use_certificate_chain_file(ctx, tls->cert) != 1)
		return openssl_words(tls->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return openssl_words(key);
	return NULL;
}

static SSL_CTX *
make_context(const struct amqp_tls *tls, const char **why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL) {
		*why = openssl_words("TLS");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	if ((*why = load_files(ctx, tls)) == NULL)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* Whom the certificate must name; a literal address is no SNI (RFC 6066 3). */
static bool
expect_host(SSL *ssl, const char *host)
{
	unsigned char ip[16];

	if (inet_pton(AF_INET, host, ip) == 1 ||
	    inet_pton(AF_INET6, host, ip) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
			   host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 &&
	    SSL_set_tlsext_host_name(ssl, host) == 1;
}

static const char *
handshake_failed(SSL *ssl)
{
	long verify = SSL_get_verify_result(ssl);

	if (verify == X509_V_OK)
		return openssl_words("TLS handshake");
	snprintf(reason, sizeof reason, "the broker's certificate: %s",
	    X509_verify_cert_error_string(verify));
	ERR_clear_error();
	return reason;
}

/* NULL, or why not. */
static const char *
shake_hands(SSL *ssl, int fd, clock_ms deadline)
{
	for (;;) {
		int r, want;

		ERR_clear_error();
		errno = 0;
		if ((r = SSL_connect(ssl)) == 1)
			return NULL;
		want = SSL_get_error(ssl, r);
		if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE)
			return handshake_failed(ssl);
		if (io_wait(fd, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
			deadline) == -1) {
			snprintf(reason, sizeof reason, "TLS handshake: %s",
			    strerror(errno));
			return reason;
		}
	}
}

/* One direction's octets that are on their way. */
struct flow {
	char data[PIECE];
	size_t n, sent;
};

struct tunnel {
	SSL *ssl;
	int net, plain;
	struct flow out, in; /* to the broker, from it */
	bool plain_ended;    /* no more will come from our side */
	bool stalled_write;  /* TLS wants the socket to be writable */
	clock_ms farewell;
};

/* Is this the end? Otherwise it notes what TLS waits for. */
static bool
is_over(struct tunnel *t, int result)
{
	int e = SSL_get_error(t->ssl, result);

	t->stalled_write = e == SSL_ERROR_WANT_WRITE;
	return e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE;
}

/* From our side to the broker: false when it is over. */
static bool
carry_out(struct tunnel *t)
{
	if (t->out.n == 0 && !t->plain_ended) {
		ssize_t n = recv(t->plain, t->out.data, PIECE, MSG_DONTWAIT);

		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
			t->plain_ended = true;
			t->farewell = clock_deadline(FAREWELL);
		}
		t->out.n = n > 0 ? (size_t)n : 0;
		t->out.sent = 0;
	}
	while (t->out.sent < t->out.n) {
		int n;

		ERR_clear_error();
		n = SSL_write(t->ssl, t->out.data + t->out.sent,
		    (int)(t->out.n - t->out.sent));
		if (n <= 0)
			return !is_over(t, n);
		t->out.sent += (size_t)n;
	}
	t->out.n = t->out.sent = 0;
	return true;
}

/* From the broker to our side: false when it is over. */
static bool
carry_in(struct tunnel *t)
{
	if (t->in.n == 0) {
		int n;

		ERR_clear_error();
		n = SSL_read(t->ssl, t->in.data, PIECE);
		if (n <= 0)
			return !is_over(t, n);
		t->in.n = (size_t)n;
		t->in.sent = 0;
	}
	while (t->in.sent < t->in.n) {
		ssize_t n = send(t->plain, t->in.data + t->in.sent,
		    t->in.n - t->in.sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n == -1)
			return errno == EAGAIN || errno == EINTR;
		t->in.sent += (size_t)n;
	}
	t->in.n = t->in.sent = 0;
	return true;
}

static void
wait_for_work(struct tunnel *t)
{
	struct pollfd p[2] = {{t->net, 0, 0}, {t->plain, 0, 0}};

	if (t->in.n == 0)
		p[0].events |= POLLIN;
	else
		p[1].events |= POLLOUT;
	if (t->out.n > 0 || t->stalled_write)
		p[0].events |= POLLOUT;
	if (t->out.n == 0 && !t->plain_ended)
		p[1].events |= POLLIN;
	/* Who is gone is always "ready". */
	for (size_t i = 0; i < 2; i++)
		if (p[i].events == 0)
			p[i].fd = -1;
	/* TLS may hold octets that no poll will tell of. */
	if (t->in.n == 0 && SSL_pending(t->ssl) > 0)
		return;
	poll(p, 2, t->plain_ended ? clock_left(t->farewell) : -1);
}

/* The process's whole life. */
static void
carry(struct tunnel *t)
{
	while (carry_out(t) && carry_in(t)) {
		if (t->plain_ended && t->out.n == 0)
			break;
		if (t->plain_ended && clock_left(t->farewell) == 0)
			break;
		wait_for_work(t);
	}
	SSL_shutdown(t->ssl);
}

/* Jobs' descriptors share the runner's locks: none of them may stay open
 * here. */
static void
run_tunnel(SSL *ssl, int net, int plain)
{
	static struct tunnel t;
	int pair[2] = {net < plain ? net : plain, net < plain ? plain : net};

	for (int fd = 0; fd < pair[0]; fd++)
		if (fd != 2)
			close(fd);
	for (int fd = pair[0] + 1; fd < pair[1]; fd++)
		if (fd != 2)
			close(fd);
	close_range((unsigned)pair[1] + 1, ~0u, 0);
	signal(SIGTERM, SIG_DFL);
	t = (struct tunnel){.ssl = ssl, .net = net, .plain = plain};
	carry(&t);
	_exit(0);
}

/* Our end of the pair, or -1 and why. */
static int
start_tunnel(SSL *ssl, int net, const char **why)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		pair) == -1) {
		*why = strerror(errno);
		return -1;
	}
	/* Nobody waits for it: it ends when its side or the broker does. */
	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		run_tunnel(ssl, net, pair[1]);
	}
	close(pair[1]);
	if (pid > 0)
		return pair[0];
	*why = strerror(errno);
	close(pair[0]);
	return -1;
}

int
amqp_tls_start(const struct amqp_tls *tls, int fd, const char *host,
    clock_ms deadline, const char **why)
{
	SSL_CTX *ctx = make_context(tls, why);
	SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	int plain = -1;

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    !expect_host(ssl, host)) {
		if (ctx != NULL)
			*why = openssl_words("TLS");
	} else if ((*why = shake_hands(ssl, fd, deadline)) == NULL) {
		plain = start_tunnel(ssl, fd, why);
	}
	/* The tunnel has its own copy; nothing is sent for ours. */
	if (ssl != NULL) {
		SSL_set_quiet_shutdown(ssl, 1);
		SSL_free(ssl);
	}
	if (ctx != NULL)
		SSL_CTX_free(ctx);
	close(fd);
	return plain;
}

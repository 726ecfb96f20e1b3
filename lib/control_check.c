/*
 * control_check: the checks of single settings whose wrong value would be
 * silently harmful: a log word that logs nowhere, a network that matches
 * nobody. A row without one takes every value of its type.
 */
#include "control_value.h"
#include "domain_config.h"
#include "duration.h"
#include "ip.h"
#include "num.h"
#include "queue.h"
#include "queue_config.h"
#include "retry.h"
#include "route.h"
#include "secure.h"
#include "target.h"

static bool
is_one_of(struct span s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (span_eq(s, span_of(*words)))
			return true;
	return false;
}

static bool
is_log(struct span s)
{
	static const char *const words[] = {
	    "auto", "stderr", "syslog", "none", NULL};

	return is_one_of(s, words);
}

static bool
is_fallback(struct span s)
{
	return span_eq(s, SPAN("queue")) || span_eq(s, SPAN("defer"));
}

static bool
is_hookerror(struct span s)
{
	static const char *const words[] = {"default", "defer", NULL};

	return is_one_of(s, words);
}

static bool
is_amqpformat(struct span s)
{
	static const char *const words[] = {"raw", "json", NULL};

	return is_one_of(s, words);
}

static bool
is_batch(struct span s)
{
	static const char *const words[] = {
	    "domain", "recipient", "all", NULL};

	return is_one_of(s, words);
}

static bool
is_traceheader(struct span s)
{
	static const char *const words[] = {
	    "received", "supplement", "none", NULL};

	return is_one_of(s, words);
}

static bool
is_ownheaders(struct span s)
{
	static const char *const words[] = {"remove", "rename", "keep", NULL};

	return is_one_of(s, words);
}

/* What EHLO may offer: one that is misspelt would hide nothing. */
static bool
is_extension(struct span s)
{
	static const char *const words[] = {"PIPELINING", "SIZE", "STARTTLS",
	    "AUTH", "XCLIENT", "8BITMIME", "CHUNKING", "DSN", "PRDR",
	    "ENHANCEDSTATUSCODES", "LIMITS", "SMTPUTF8", "HELP"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_ieq(s, span_of(words[i])))
			return true;
	return false;
}

/* RFC 5322 3.6.8, and short enough to stand on a line. */
static bool
is_field_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == ':')
			return false;
	return s.n > 0 && s.n <= 60;
}

static bool
is_net(struct span s)
{
	struct ip_net net;

	return ip_net_parse(s, &net) == 0;
}

static bool
is_authplain(struct span s)
{
	return span_eq(s, SPAN("0")) || span_eq(s, SPAN("1")) || is_net(s);
}

static bool
is_server(struct span s)
{
	struct ip ip;
	unsigned port;

	return target_parse_server(s, 53, &ip, &port) == 0;
}

static bool
is_target(struct span s)
{
	struct target t;

	return target_parse(s, &t) == 0;
}

/* A name, or an address literal for a host without one (RFC 5321 4.1.1.1).
 * No slash or colon in a name: it becomes a part of Maildir file names. */
bool
control_is_host(struct span name)
{
	bool literal = name.n > 2 && name.p[0] == '[' &&
	    name.p[name.n - 1] == ']';

	if (name.n == 0 || name.n > 255)
		return false;
	if (literal)
		name = span_make(name.p + 1, name.n - 2);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!ascii_isalnum(c) && c != '.' && c != '-' && c != '_' &&
		    !(literal && c == ':'))
			return false;
	}
	return literal || name.p[0] != '.';
}

static bool
is_host_or_empty(struct span s)
{
	return s.n == 0 || control_is_host(s);
}

static bool
is_given(struct span s)
{
	return s.n > 0;
}

static bool
is_percent(struct span s)
{
	uint64_t v;

	return num_parse_u64(s, &v) == -1 || v <= 100;
}

/* RFC 4422 3.1 */
static bool
is_mechanism(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n <= 20;
}

static bool
is_path_or_empty(struct span s)
{
	return s.n == 0 || s.p[0] == '/' || s.p[0] == '.';
}

static bool
is_positive(struct span s)
{
	uint64_t v;

	/* What is no number is the parser's complaint. */
	return num_parse_u64(s, &v) == -1 || v > 0;
}

/* Nothing would be: no message has such lines, no script that heap. */
static bool
is_some_size(struct span s)
{
	uint64_t v;

	return num_parse_size(s, &v) == -1 || v > 0;
}

static bool
is_some_time(struct span s)
{
	int64_t ms;

	return duration_parse(s, &ms) == -1 || ms > 0;
}

static bool
is_secure(struct span s)
{
	enum secure level;

	return secure_parse(s, &level) == 0;
}

static bool
is_secure_item(struct span s)
{
	return is_secure(span_skip(s, span_chr(s, ':') + 1));
}

static bool
is_retry(struct span s)
{
	struct retry r;

	return retry_parse(s, &r) == 0;
}

static bool
is_domain_config(struct span s)
{
	struct domain_config c = {0};
	struct span bad;

	return domain_config_parse(span_skip(s, span_chr(s, ':') + 1), &c,
	    &bad) == NULL;
}

static bool
is_queue_config(struct span s)
{
	struct queue_config c = {0};
	struct arena a = {0};
	struct span bad;
	bool good = queue_config_parse(span_skip(s, span_chr(s, ':') + 1), &a,
	    &c, &bad) == NULL;

	arena_free(&a);
	return good;
}

static bool
is_route(struct span s)
{
	struct span scheme;

	return route_scheme(s, &scheme);
}

static bool
is_route_item(struct span s)
{
	return is_route(span_skip(s, span_chr(s, ':') + 1));
}

/* "domain:relay", "domain:relay:port", without a relay its MX. */
static bool
is_smtproute(struct span s)
{
	struct span relay = span_trim(span_skip(s, span_chr(s, ':') + 1));
	struct target t;
	uint64_t port;

	if (relay.n > 0 && relay.p[0] == ':')
		return num_parse_max(span_skip(relay, 1), 65535, &port) == 0;
	return relay.n == 0 || target_parse(relay, &t) == 0;
}

/* "NAME:time" */
static bool
is_expiry(struct span s)
{
	struct span rest = s, name;
	int64_t ms;

	return span_cut(&rest, ':', &name) && rest.p != NULL &&
	    queue_place_valid(name) &&
	    num_parse_time(span_trim(rest), &ms) == 0;
}

static const struct {
	enum control_id id;
	bool (*good)(struct span value);
	const char *text;
} checks[] = {
    {CONTROL_me, is_host_or_empty, "is not a host name"},
    {CONTROL_localiphost, is_host_or_empty, "is not a host name"},
    {CONTROL_log, is_log, "is none of auto, stderr, syslog, none"},
    {CONTROL_dnsservers, is_server, "is not IP, IP:PORT or [IP]:PORT"},
    {CONTROL_smarthost, is_target, "is not a host, or host:port"},
    {CONTROL_smarthostfallback, is_fallback, "is neither queue nor defer"},
    {CONTROL_luamemory, is_some_size, "is not a size above 0"},
    {CONTROL_hooktimeout, is_some_time, "is not a time above 0"},
    {CONTROL_maxline, is_some_size, "is not a size above 0"},
    {CONTROL_maxheader, is_some_size, "is not a size above 0"},
    {CONTROL_hookerror, is_hookerror, "is neither default nor defer"},
    {CONTROL_relayhosts, is_net, "is not a network (192.0.2.0/24)"},
    {CONTROL_xclienthosts, is_net, "is not a network (192.0.2.0/24)"},
    {CONTROL_proxyhosts, is_net, "is not a network (192.0.2.0/24)"},
    {CONTROL_proxytimeout, is_given, "is not a time"},
    {CONTROL_maxpressure, is_percent, "is not a number up to 100"},
    {CONTROL_maxiopressure, is_percent, "is not a number up to 100"},
    {CONTROL_batch, is_batch, "is none of domain, recipient, all"},
    {CONTROL_traceheaders, is_traceheader,
	"is none of received, supplement, none"},
    {CONTROL_ownheaders, is_ownheaders, "is none of remove, rename, keep"},
    {CONTROL_supplementheader, is_field_name, "is not a field name"},
    {CONTROL_domains, is_domain_config,
	"is not domain:relay_to=1 relay_from=192.0.2.0/24"},
    {CONTROL_queues, is_queue_config,
	"is not domain:retry_interval=5m max_age=7d route=smtp:host ..."},
    {CONTROL_quarantineexpire, is_expiry,
	"is not the name of a quarantine and a time (virus:30d)"},
    {CONTROL_hideextensions, is_extension,
	"is no extension that EHLO offers"},
    {CONTROL_authplain, is_authplain,
	"is neither 1, 0 nor a network (192.0.2.0/24)"},
    {CONTROL_authmechs, is_mechanism, "is not a mechanism's name"},
    {CONTROL_authusers, is_path_or_empty, "is not a path (/ or ./ first)"},
    {CONTROL_smarthosttls, is_secure,
	"is none of none, may, require, verify"},
    {CONTROL_smtptls, is_secure, "is none of none, may, require, verify"},
    {CONTROL_smtptlshosts, is_secure_item,
	"is not name:none, :may, :require or :verify"},
    {CONTROL_queuedir, is_given, "is not a path"},
    {CONTROL_retry, is_retry,
	"is neither first interval, factor, longest interval (300 1.5 14400) "
	"nor a list of intervals (300 600 3600)"},
    {CONTROL_workers, is_positive, "is not a whole number above 0"},
    {CONTROL_route, is_route, "is not a route (maildir:, smtp:host, ...)"},
    {CONTROL_routes, is_route_item,
	"is not domain:route (example.org:maildir:, ...)"},
    {CONTROL_smtproutes, is_smtproute,
	"is not domain:relay or domain:relay:port"},
    {CONTROL_amqpformat, is_amqpformat, "is neither raw nor json"},
    {CONTROL_amqpwindow, is_positive, "is not a whole number above 0"},
};

const char *
control_check(enum control_id id, struct span value)
{
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i].id == id && !checks[i].good(value))
			return checks[i].text;
	return NULL;
}

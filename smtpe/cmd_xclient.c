/*
 * cmd_xclient: XCLIENT, Postfix's extension: a proxy that we trust says who
 * the client is. Afterwards the session begins again: accept, and a new 220.
 */
#include "access.h"
#include "command.h"
#include "escape.h"
#include "log.h"
#include "num.h"
#include "peer.h"

#define VALUE_MAX 255

/* What one command says; a p of NULL was not said. */
struct xclient {
	struct span name, addr, port, proto, helo, login, destaddr, destport;
};

static const struct {
	struct span keyword;
	size_t at;
} attributes[] = {
    {SPAN_LIT("NAME"), offsetof(struct xclient, name)},
    {SPAN_LIT("ADDR"), offsetof(struct xclient, addr)},
    {SPAN_LIT("PORT"), offsetof(struct xclient, port)},
    {SPAN_LIT("PROTO"), offsetof(struct xclient, proto)},
    {SPAN_LIT("HELO"), offsetof(struct xclient, helo)},
    {SPAN_LIT("LOGIN"), offsetof(struct xclient, login)},
    {SPAN_LIT("DESTADDR"), offsetof(struct xclient, destaddr)},
    {SPAN_LIT("DESTPORT"), offsetof(struct xclient, destport)},
};

/* xtext (RFC 3461 4): "+2B" is '+'. 0, or -1 for what is none. */
static int
undo_xtext(struct span s, struct arena *a, struct span *out)
{
	if (escape_undo_mark('+', s, a, out) == -1)
		return -1;
	for (size_t i = 0; i < out->n; i++)
		if ((unsigned char)out->p[i] < ' ' || out->p[i] == 0x7f)
			return -1;
	return out->n <= VALUE_MAX ? 0 : -1;
}

static const char *
parse_attribute(struct span word, struct arena *a, struct xclient *x)
{
	struct span value = word, keyword;

	span_cut(&value, '=', &keyword);
	if (value.p == NULL)
		return "no value";
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		struct span *to = (void *)((char *)x + attributes[i].at);

		if (!span_ieq(keyword, attributes[i].keyword))
			continue;
		if (undo_xtext(value, a, to) == -1)
			return "not xtext";
		/* The proxy does not know: as if nothing were known. */
		if (span_ieq(*to, SPAN("[UNAVAILABLE]")) ||
		    span_ieq(*to, SPAN("[TEMPUNAVAIL]")))
			*to = span_of("");
		return NULL;
	}
	return "unknown attribute";
}

static bool
parse_address(struct span text, struct ip *ip)
{
	if (span_istarts(text, SPAN("IPV6:")))
		text = span_skip(text, 5);
	return ip_parse(text, ip) == 0;
}

static const char *
check(const struct xclient *x)
{
	struct ip ip;
	uint64_t port;

	if ((x->addr.n && !parse_address(x->addr, &ip)) ||
	    (x->destaddr.n && !parse_address(x->destaddr, &ip)))
		return "bad address";
	if ((x->port.n && num_parse_max(x->port, 65535, &port) == -1) ||
	    (x->destport.n && num_parse_max(x->destport, 65535, &port) == -1))
		return "bad port";
	if (x->name.n && !address_domain_valid(x->name))
		return "bad name";
	if (x->proto.n && !span_ieq(x->proto, SPAN("SMTP")) &&
	    !span_ieq(x->proto, SPAN("ESMTP")))
		return "bad protocol";
	return NULL;
}

struct reply
cmd_xclient_admit(struct session *s, struct span argument)
{
	struct xclient *x = arena_zalloc(&s->scratch, sizeof *x);
	const char *why = NULL;
	struct span word;

	if (!s->xclient)
		return REPLY(550, "5.7.0", "XCLIENT is not for you");
	while (why == NULL && span_word(&argument, &word))
		why = parse_attribute(word, &s->scratch, x);
	if (why == NULL)
		why = check(x);
	if (why != NULL)
		return session_replyf(s, 501, "5.5.4", "XCLIENT: %s", why);
	s->parsed = x;
	return REPLY_NONE;
}

static void
take_ip(struct span text, struct arena *a, struct ip *ip, struct span *out)
{
	char formatted[IP_TEXT];

	*ip = (struct ip){0};
	*out = SPAN("unknown");
	if (text.n > 0 && parse_address(text, ip))
		*out = arena_dup(a, span_of(ip_format(ip, formatted)));
}

static void
take_port(struct span text, struct arena *a, struct span *out)
{
	if (text.p == NULL)
		return;
	*out = (struct span){NULL, 0};
	if (text.n > 0)
		*out = arena_dup(a, text);
}

static void
take_peer(struct session *s, const struct xclient *x)
{
	struct peer *p = &s->peer;
	struct arena *a = &s->arena;

	if (x->addr.p != NULL) {
		take_ip(x->addr, a, &p->ip, &p->ip_text);
		p->name = (struct span){NULL, 0};
		p->name_known = p->ip.family == 0;
		p->port = (struct span){NULL, 0};
		p->bracketed = p->name;
	}
	if (x->name.p != NULL) {
		p->name_known = true;
		p->name = (struct span){NULL, 0};
		if (x->name.n > 0)
			p->name = peer_lower(a, x->name);
	}
	take_port(x->port, a, &p->port);
	if (x->destaddr.p != NULL)
		take_ip(x->destaddr, a, &p->local, &p->local_ip_text);
	take_port(x->destport, a, &p->local_port);
}

static void
take_rest(struct session *s, const struct xclient *x)
{
	s->helo = (struct span){NULL, 0};
	if (x->helo.n > 0) {
		buf_reset(&s->helo_store);
		buf_put(&s->helo_store, x->helo);
		s->helo = buf_span(&s->helo_store);
	}
	s->esmtp = x->proto.n == 5;
	s->auth_user = s->auth_mechanism = (struct span){NULL, 0};
	if (x->login.n > 0)
		s->auth_user = arena_dup(&s->arena, x->login);
}

struct reply
cmd_xclient_act(struct session *s, struct reply answer)
{
	const struct xclient *x = s->parsed;
	struct access_refusal access;
	struct reply banner;

	take_peer(s, x);
	take_rest(s, x);
	s->trusted = s->trusted_at_accept = false;
	/* RELAYCLIENT was the launcher's word about the proxy. */
	s->relay_suffix = span_of(NULL);
	s->launcher_relays = false;
	control_restore(&s->controls);
	session_forget_metadata(s);
	access = access_admit(s);
	session_client_changed(s);
	session_new_transaction(s);
	if (access.denied) {
		s->phase = PHASE_REFUSED;
		s->ending = END_DROPPED;
		return access.reply;
	}
	banner = session_greet(s);
	banner.drop |= answer.drop;
	return banner;
}

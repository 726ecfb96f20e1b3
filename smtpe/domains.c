/* domains: see domains.h. */
#include "domains.h"
#include "log.h"
#include "tables.h"
#include <errno.h>

/* Clients that name ever new domains must not fill our memory: with so many
 * they are all asked about again. */
#define KEPT_MAX 1000

struct domain_kept {
	struct domain_kept *next;
	struct span name;
	enum domain_role role;
	struct domain_config config;
};

void
session_forget_domains(struct session *s)
{
	s->domains = NULL;
	s->ndomains = 0;
	arena_reset(&s->domain_arena);
}

struct span
domains_of(struct span address)
{
	size_t at = span_rchr(address, '@');

	return at < address.n ? span_skip(address, at + 1) : span_of(NULL);
}

static const struct domain_config *
find(const struct session *s, struct span name, enum domain_role role)
{
	for (const struct domain_kept *k = s->domains; k != NULL; k = k->next)
		if (k->role == role && span_eq(k->name, name))
			return &k->config;
	return NULL;
}

static void
keep(struct session *s, struct span name, enum domain_role role,
    struct domain_config *config)
{
	struct arena *a = &s->domain_arena;
	struct domain_kept *k;

	config->relay_from = arena_dup(&s->scratch, config->relay_from);
	if (s->ndomains >= KEPT_MAX)
		session_forget_domains(s);
	k = arena_alloc(a, sizeof *k);
	k->name = arena_dup(a, name);
	k->role = role;
	k->config.relay_to = config->relay_to;
	k->config.relay_from = arena_dup(a, config->relay_from);
	k->next = s->domains;
	s->domains = k;
	s->ndomains++;
}

/* A field that nobody can have meant: the script's error. */
static int
wrong_field(struct session *s, const struct hook_field *f, const char *why,
    struct reply *refusal)
{
	*refusal = session_wrong_field(s, HOOK_domain, f, why);
	return -1;
}

static int
ask_script(struct session *s, struct span name, enum domain_role role,
    struct domain_config *config, struct reply *refusal)
{
	struct hook_arg args[2] = {HOOK_STRING(name),
	    HOOK_STRING(role == DOMAIN_SENDER ? SPAN("sender") :
						SPAN("recipient"))};
	struct answer a = session_ask(s, HOOK_domain, args, 2);

	*refusal = a.reply;
	if (!a.go_on)
		return -1;
	for (size_t i = 0; i < a.nfields; i++) {
		const struct hook_field *f = &a.fields[i];
		bool list = span_eq(f->name, SPAN("relay_from"));
		const char *why = NULL;

		if (f->type == FIELD_NUMBER ||
		    (list ? f->type == FIELD_BOOLEAN : f->type == FIELD_LIST))
			why = "is of the wrong type";
		if (why == NULL)
			why = domain_config_set(config, f->name, f->text);
		if (why != NULL)
			return wrong_field(s, f, why, refusal);
	}
	keep(s, name, role, config);
	return 0;
}

int
domains_ask(struct session *s, struct span name, enum domain_role role,
    struct domain_config *config, struct reply *refusal)
{
	struct tables t = {&s->controls.domains, &s->domains_cdb, &s->scratch};
	const struct domain_config *kept;
	struct span text, bad;
	const char *why;
	int r;

	*config = (struct domain_config){0};
	if (name.n == 0)
		return 0;
	if (hook_defined(s->hooks, HOOK_domain)) {
		if ((kept = find(s, name, role)) != NULL) {
			*config = *kept;
			return 0;
		}
		return ask_script(s, name, role, config, refusal);
	}
	if ((r = tables_exist(&t)) == 1)
		r = tables_find_domain(&t, name, &text);
	if (r == 0)
		return 0;
	if (r == 1 &&
	    (why = domain_config_parse(text, config, &bad)) == NULL)
		return 0;
	if (r == 1) {
		log_warn("domains", "%s: %.*s: %.*s %s", s->domains_cdb.path,
		    SPAN_ARG(name), SPAN_ARG(bad), why);
		errno = EINVAL;
	}
	*refusal = session_trouble(s, s->domains_cdb.path);
	return -1;
}

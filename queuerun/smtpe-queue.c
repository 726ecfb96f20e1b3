/*
 * smtpe-queue: the operator's tool (smtpe-queue(8)): finds the verb and calls
 * it. What a verb does is in ops_*.c.
 */
#include "die.h"
#include "ops_select.h"
#include "option.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum selects {
	SELECT_NOT,
	SELECT_LOOK,   /* takes selectors */
	SELECT_CHANGE, /* the same, and asks before it changes many */
};

static const struct {
	const char *name;
	int (*run)(struct ops *o, const char *const *args, size_t nargs);
	bool json; /* does --json mean anything? */
	enum selects selects;
} verbs[] = {
    {"list", ops_list, true, SELECT_LOOK},
    {"show", ops_show, true, SELECT_NOT},
    {"cat", ops_cat, false, SELECT_NOT},
    {"why", ops_why, true, SELECT_NOT},
    {"hold", ops_hold, false, SELECT_CHANGE},
    {"release", ops_release, false, SELECT_CHANGE},
    {"retry", ops_retry, false, SELECT_CHANGE},
    {"requeue", ops_requeue, false, SELECT_CHANGE},
    {"bounce", ops_bounce, false, SELECT_CHANGE},
    {"remove", ops_remove, false, SELECT_CHANGE},
    {"quarantine", ops_quarantine, true, SELECT_NOT},
    {"stat", ops_stat, true, SELECT_NOT},
    {"check", ops_check, false, SELECT_NOT},
    {"export", ops_export, false, SELECT_LOOK},
};

static struct ops ops;

static void
set_no_script(const char *value)
{
	(void)value;
	ops.no_script = true;
}

static const struct option_own own[] = {
    {"--no-script", false, set_no_script},
    {NULL, false, NULL},
};

/* Has somebody brought settings along? */
static bool
has_settings(char **argv, int first)
{
	extern char **environ;

	for (int i = 1; i < first; i++)
		if (strcmp(argv[i], "--no-script") != 0 &&
		    strcmp(argv[i], "--") != 0)
			return true;
	for (char **e = environ; *e != NULL; e++)
		if (strncmp(*e, "SMTPE_", 6) == 0)
			return true;
	return false;
}

static const struct option_program program = {
    .name = "smtpe-queue",
    .usage = "VERB [arguments]",
    .doc = "  list [--json] [SELECTOR]...\n"
	   "                      every entry, in any state\n"
	   "  show [--json] ID    one entry\n"
	   "  cat ID              its message, as it leaves\n"
	   "  why [--json] ID     where it is, and everything that was tried\n"
	   "  hold                keeps entries from delivery\n"
	   "  release             out of hold or quarantine, for delivery\n"
	   "  retry               due now\n"
	   "  requeue             as new, those that failed are open again\n"
	   "      --route R --to-queue Q  by another route, as another "
	   "queue's\n"
	   "  bounce              ends entries with a report to the sender\n"
	   "  remove              ends entries without a report\n"
	   "  quarantine list [--json] [NAME]\n"
	   "  quarantine release NAME ID... | --all\n"
	   "  quarantine delete NAME ID... | --all\n"
	   "  stat [--json | --queues | --prometheus FILE]\n"
	   "                      how many there are, and how old they are\n"
	   "  check               reads every entry, and names what is damaged\n"
	   "  export DIR [SELECTOR]...\n"
	   "                      into a Maildir\n"
	   "hold to remove take ids, or selectors and --yes. Selectors:\n"
	   "  --sender --recipient --domain --queue PATTERN, --state STATE,\n"
	   "  --age [+-]TIME, --size [+-]SIZE, --id ID\n"
	   "--no-script, in front of the verb, does not ask hook.api.\n",
    .own = own,
    .client_fd = -1,
};

/* A queue that nobody has used yet is an empty one; looking at it does not
 * make it. */
static struct queue *
open_queue(const struct controls *c)
{
	static struct queue q;
	const char *dir = c->queuedir;

	if (access(dir, F_OK) == -1 && errno == ENOENT) {
		ops_say(dir, "there is no queue yet");
		return NULL;
	}
	if (queue_open(&q, dir) == -1)
		die_temp_errno("queue %s", dir);
	q.spill = c->amqpspill;
	return &q;
}

/* The words behind a verb that takes selectors: ids, and what is its own. */
static void
select_entries(const char *verb, enum selects selects, const char ***args,
    size_t *nargs)
{
	static struct selection s;
	const char **rest = arena_alloc(&ops.arena,
	    (*nargs + 1) * sizeof *rest);
	const char *const *ids;
	size_t n;

	selection_parse(&s, *args, *nargs, rest, &n);
	for (size_t i = 0; i < n; i++)
		if (strncmp(rest[i], "--", 2) == 0)
			die_perm("%s: unknown option %s", verb, rest[i]);
	if (selects == SELECT_LOOK) {
		ops.selection = &s;
		*args = rest;
		*nargs = n;
		return;
	}
	if (n == 0 && !s.some && s.nids == 0)
		die_perm("%s takes ids, or selectors", verb);
	for (size_t i = 0; i < n; i++)
		s.ids[s.nids++] = rest[i];
	*nargs = selection_ids(&ops, &s, verb, &ids);
	*args = arena_alloc(&ops.arena, (*nargs + 1) * sizeof **args);
	memcpy(*args, ids, *nargs * sizeof **args);
}

int
main(int argc, char **argv)
{
	static struct controls controls;
	const char **args;
	size_t nargs = 0, verb;
	int first = option_parse(&program, argc, argv, &controls), status;

	if (first == argc)
		die_perm("no verb, see -h");
	for (verb = 0; verb < sizeof verbs / sizeof *verbs; verb++)
		if (strcmp(verbs[verb].name, argv[first]) == 0)
			break;
	if (verb == sizeof verbs / sizeof *verbs)
		die_perm("unknown verb %s", argv[first]);
	args = arena_alloc(&ops.arena, (size_t)argc * sizeof *args);
	for (int i = first + 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0 && verbs[verb].json)
			ops.json = true;
		else
			args[nargs++] = argv[i];
	}
	signal(SIGPIPE, SIG_IGN);
	ops.controls = &controls;
	ops.q = open_queue(&controls);
	ops.own_settings = has_settings(argv, first);
	ops_guard(&ops, argv[first], args, nargs);
	if (plan_init(&ops.plan, &controls) == -1)
		die_temp_errno("%s", ops.plan.unreadable);
	ops.plan.scripted = ops.scripted;
	if (verbs[verb].run == ops_requeue)
		nargs = ops_requeue_options(&ops, args, nargs);
	if (verbs[verb].selects != SELECT_NOT)
		select_entries(argv[first], verbs[verb].selects, &args,
		    &nargs);
	status = nargs == 0 && verbs[verb].selects == SELECT_CHANGE ? 0 :
	    verbs[verb].run(&ops, args, nargs);
	plan_free(&ops.plan);
	buf_free(&ops.out);
	arena_free(&ops.arena);
	return status;
}

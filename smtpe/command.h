/* command: the table of verbs (command.def) and looking one up. */
#ifndef COMMAND_H
#define COMMAND_H

#include "hook.h"
#include "session.h"

enum command_id {
#define COMMAND(VERB, name, phases, argument, hook, syntax) COMMAND_##VERB,
#include "command.def"
#undef COMMAND
	COMMAND_N
};

#define NO_HOOK HOOK_N

enum command_argument { NONE, SOME, ANY };

struct command {
	struct span verb;
	unsigned phases;
	enum command_argument argument;
	enum hook_id hook;
	const char *syntax;
	/*
	 * Checks the argument and fills s->args for the hook; changes
	 * nothing that outlives the command. REPLY_NONE, or the refusal.
	 */
	struct reply (*admit)(struct session *s, struct span argument);
	/*
	 * Does it. answer is what the hook wants to be said if it works
	 * (REPLY_NONE: the usual). Returns the reply that goes out.
	 */
	struct reply (*act)(struct session *s, struct reply answer);
};
extern const struct command commands[COMMAND_N];

/* The verb's row, or NULL; *argument is what stands behind the verb. */
const struct command *command_find(struct span line, struct span *argument);

/* Is the extension offered to this client, as far as settings go
 * (hideextensions)? What is not offered is not understood either. */
bool cmd_ehlo_offers(const struct session *s, struct span keyword);

/* hook.command has refused line. Where that is the last chunk of a message
 * (LMTP) each recipient gets the reply: the last of them, or r. */
struct reply cmd_bdat_refused(struct session *s, struct span line,
    struct reply r);

#define COMMAND(VERB, name, phases, argument, hook, syntax)                   \
	struct reply cmd_##name##_admit(struct session *s,                    \
	    struct span argument_);                                           \
	struct reply cmd_##name##_act(struct session *s, struct reply answer);
#include "command.def"
#undef COMMAND

#endif

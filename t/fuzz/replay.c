/*
 * replay: what stands in libFuzzer's place in ordinary builds. Gives each
 * file named in argv, whole, to the target it is linked with; a property that
 * does not hold ends the program with a trap. Says how many it gave.
 */
#include "buf.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLAY_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From a block of exactly its size, so that a sanitizer sees a step past it. */
static void
feed(struct span s)
{
	uint8_t *copy = malloc(s.n ? s.n : 1);

	if (copy == NULL)
		abort();
	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	LLVMFuzzerTestOneInput(copy, s.n);
	free(copy);
}

int
main(int argc, char **argv)
{
	struct buf b = {0};

	for (int i = 1; i < argc; i++) {
		buf_reset(&b);
		if (file_read_at(AT_FDCWD, argv[i], REPLAY_MAX, &b) == -1) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			return EXIT_FAILURE;
		}
		feed(buf_span(&b));
	}
	buf_free(&b);
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

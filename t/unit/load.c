/* How busy the machine is: what the kernel's texts say, and that they are
 * there. */
#include "load.h"
#include "tap.h"
#include <errno.h>

static void
test_parsing(void)
{
	struct load_pressure p;
	uint64_t n;

	is_int(load_parse_pressure(
		SPAN("some avg10=12.34 avg60=0.00 avg300=0.00 total=1\n"
		     "full avg10=100.00 avg60=0.00 avg300=0.00 total=1\n"),
		&p), 0, "pressure");
	is_int((int64_t)p.some, 1234, "some");
	is_int((int64_t)p.full, 10000, "full");
	is_int(load_parse_pressure(SPAN("some avg10=0.05 x\n"), &p), 0,
	    "without full (cpu, older kernels)");
	is_int((int64_t)p.some, 5, "some");
	is_int(load_parse_pressure(SPAN(""), &p), -1, "empty");
	is_int(load_parse_pressure(SPAN("some avg10=1 x\n"), &p), -1,
	    "no hundredths");
	is_int(load_parse_pressure(SPAN("some total=1\n"), &p), -1, "no avg10");
	is_int(load_parse_memory(SPAN("MemTotal: 9 kB\nMemFree: 8 kB\n"
		    "MemAvailable:   7 kB\nBuffers: 6 kB\n"), &n), 0, "memory");
	is_int((int64_t)n, 7168, "in octets");
	is_int(load_parse_memory(SPAN("MemTotal: 9 kB\n"), &n), -1, "none");
	is_int(load_parse_memory(SPAN("MemAvailable: x kB\n"), &n), -1,
	    "no number");
	is_int(load_parse_memory(SPAN("MemAvailable:"), &n), -1, "cut");
}

static void
test_kernel(void)
{
	uint64_t load[3], n = 0, files = 0, again = 0;
	struct load_pressure p;
	int r;

	is_int(load_averages(load), 0, "load averages");
	is_int(load_memory(&n), 0, "memory");
	ok(n > 1 << 20, "there is some");
	r = load_pressure("memory", &p);
	ok(r == 0 || errno == ENOENT || errno == EOPNOTSUPP,
	    "pressure, where the kernel has it");
	is_int(load_pressure("nothing", &p), -1, "no such resource");
	is_int(load_room("/", &n, &files), 0, "room");
	ok(n > 0 && files > 0, "there is some");
	is_int(load_room("/no/such/directory", &again, &files), 0,
	    "of a directory that will be made");
	is_int(load_room("no-such/directory", &again, &files), 0,
	    "of one below here");
	is_int(load_room("/dev/null/x", &again, &files), -1,
	    "of one that cannot be");
}

int
main(void)
{
	test_parsing();
	test_kernel();
	return done_testing();
}

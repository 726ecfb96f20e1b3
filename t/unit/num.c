/* Numbers as people write them. */
#include "num.h"
#include "tap.h"

static const struct {
	struct span in;
	int result;
	uint64_t value;
} u64s[] = {
#define U(in, value) {SPAN_LIT(in), 0, value}
#define U_BAD(in) {SPAN_LIT(in), -1, 7}
    U("0", 0), U("00012", 12), U("18446744073709551615", UINT64_MAX),
    U_BAD("18446744073709551616"), U_BAD("99999999999999999999"),
    U_BAD("184467440737095516150"), U_BAD(""), U_BAD(" 1"), U_BAD("1 "),
    U_BAD("+1"), U_BAD("-1"), U_BAD("1.0"), U_BAD("0x10"), U_BAD("1\0"),
    U_BAD("1k"), U_BAD("\xd9\xa1"),
};

static const struct {
	struct span in;
	int result;
	uint64_t value;
} sizes[] = {
    U("0", 0), U("65536", 65536), U("64k", 65536), U("64K", 65536),
    U("64KB", 65536), U("64KiB", 65536), U("64kib", 65536), U("12B", 12),
    U("50M", 52428800), U("50MiB", 52428800), U("2G", 2147483648),
    U("1T", 1099511627776), U("16777215T", 18446742974197923840u),
    U_BAD("16777216T"), U_BAD("18446744073709551615k"), U_BAD("k"),
    U_BAD(""), U_BAD("1.5M"), U_BAD("1 M"), U_BAD("1MM"), U_BAD("1MiBi"),
    U_BAD("1i"), U_BAD("1iB"), U_BAD("1bb"), U_BAD("1P"), U_BAD("-1k"),
    U_BAD("1k\0"),
};

static const struct {
	struct span in;
	int result;
	int64_t ms;
} times[] = {
    U("0", 0), U("300", 300000), U("1.5", 1500), U("90s", 90000),
    U("250ms", 250), U("5m", 300000), U("5min", 300000), U("4h", 14400000),
    U("7d", 604800000), U("2w", 1209600000), U("0.5h", 1800000),
    U("0.001", 1), U("0.0005", 0), U("1.123456", 1123), U("1.5D", 129600000),
    U("3155760000", 3155760000000), U_BAD("3155760001"),
    U_BAD("99999999999999999999s"), U_BAD(""), U_BAD("s"), U_BAD(".5"),
    U_BAD("1."), U_BAD("1..5"), U_BAD("1.5.5"), U_BAD("1.1234567"),
    U_BAD("1 s"), U_BAD("-1"), U_BAD("1y"), U_BAD("1mm"), U_BAD("1e3"),
    U_BAD("inf"),
};

static const struct {
	struct span in;
	int result;
	bool value;
} bools[] = {
#define Y(in, value) {SPAN_LIT(in), 0, value}
#define Y_BAD(in) {SPAN_LIT(in), -1, true}
    Y("0", false), Y("1", true), Y("no", false), Y("YES", true),
    Y("Off", false), Y("on", true), Y("false", false), Y("True", true),
    Y_BAD(""), Y_BAD("2"), Y_BAD("00"), Y_BAD("y"), Y_BAD("yes "),
    Y_BAD("1\0"),
};

int
main(void)
{
	uint64_t v;
	int64_t ms;
	bool b;

	for (size_t i = 0; i < sizeof u64s / sizeof *u64s; i++) {
		v = 7;
		is_int(num_parse_u64(u64s[i].in, &v), u64s[i].result,
		    u64s[i].in.p);
		ok(v == u64s[i].value, "... value, or untouched");
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		v = 7;
		is_int(num_parse_size(sizes[i].in, &v), sizes[i].result,
		    sizes[i].in.p);
		ok(v == sizes[i].value, "... size, or untouched");
	}
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		ms = 7;
		is_int(num_parse_time(times[i].in, &ms), times[i].result,
		    times[i].in.p);
		is_int(ms, times[i].ms, "... time, or untouched");
	}
	for (size_t i = 0; i < sizeof bools / sizeof *bools; i++) {
		b = true;
		is_int(num_parse_bool(bools[i].in, &b), bools[i].result,
		    bools[i].in.p);
		is_int(b, bools[i].value, "... bool, or untouched");
	}
	is_int(num_parse_max(SPAN("65535"), 65535, &v), 0, "at most");
	is_int(num_parse_max(SPAN("65536"), 65535, &v), -1, "more than");
	is_int(num_parse_max(SPAN("5"), 4, &v), -1, "a small most");
	is_int(num_parse_max(SPAN("0"), 0, &v), 0, "a most of nothing");
	is_int(num_parse_max(SPAN("1"), 0, &v), -1, "... and more");
	is_int(num_parse_max(SPAN("10"), 9, &v), -1, "one digit more");
	return done_testing();
}

#!/bin/sh
# The access table: what smtpe-access(5) shows works, a cdb that is made as it
# says gives every client the same as the text, and --check finds what is wrong
# with either.
# shellcheck source=t/lib.sh
. "${0%/*}/lib.sh"
need cdb perl

page=$HERE/../man/smtpe-access.5
new_setup

# example N: the N-th one of the page.
example() {
	sed -n '/^\.Sh EXAMPLES/,$p' "$page" | awk -v n="$1" '
	    /^\.Bd/ { seen++; next }
	    /^\.Ed/ { inside = 0; if (seen == n) exit }
	    seen == n { gsub(/\\e/, "\\"); print }'
}
# who IP,[NAME]: what a client of port 25 gets: the banner's code, or nothing, then size,
# recipients and whether it may relay.
cat >"$T/script.lua" <<'LUA'
function hook.noop()
	return ("250 2.0.0 %s %s %s"):format(smtpe.getoption("databytes"),
	    smtpe.getoption("maxrecipients"), tostring(connection.relay))
end
LUA
who() {
	printf 'NOOP\r\nQUIT\r\n' | PROTO=TCP TCPREMOTEIP=${1%%,*} \
	    TCPREMOTEHOST=${1#*,} TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25 \
	    "$SMTPE" -c "$T/control" -q none -s "$T/script.lua" \
	    -o dnsservers=127.0.0.1:1 2>"$T/log" | tr -d '\r' |
	    sed -n 's/^220.*/220/p; s/^250 2.0.0 //p; /^[45][0-9][0-9] [45]/p' |
	    tr '\n' ' '
}

example 1 >"$T/control/access"
ok "the page has an example" grep -q '^127' "$T/control/access"
checked=$("$SMTPE" -c "$T/control" -q "$T/queue" --check 2>&1)
like "nothing is wrong with it" "$checked" '^ok$'
like "and it is named" "$checked" "^table: $T/control/access$"
is "ours" "$(who 10.1.2.3,)" "220 0 1000 true "
is "IPv6" "$(who 2001:db8:1:2::3,)" "220 0 5000 true "
is "the pest" "$(who 192.0.2.66,)" ""
like "is in the log" "$(cat "$T/log")" \
    "event=deny ip=192\.0\.2\.66 rule=$T/control/access:4"
is "the other one" "$(who 198.51.100.9,)" \
    "554 5.7.1 Write to postmaster@example.org first "
is "by name: a delay" "$(who 203.0.113.1,a.dynamic.example)" \
    "554 5.5.0 You talk before it is your turn "
is "--peer is good for trying" "$(echo QUIT | "$SMTPE" -c "$T/control" \
    -q none --peer 192.0.2.66, 2>/dev/null)" ""
is "others" "$(who 203.0.113.1,a.example)" "220 0 1000 false "

# The command of the page.
PATH=$BUILD/queuerun:$PATH
example 3 >"$T/compile"
(cd "$T/control" && sh "$T/compile") || diag "$(cat "$T/compile")"
ok "a compiled table" test -s "$T/control/access.cdb"
checked=$("$SMTPE" -c "$T/control" -q "$T/queue" --check 2>&1)
like "nothing is wrong with it, either" "$checked" '^ok$'
like "it stands in the text's place" "$checked" \
    "^table: $T/control/access\.cdb$"

# Many tables and clients: both forms say the same.
perl -e '
	srand 7;
	my @v4 = ("10.", "10.1.", "10.1.2.", "10.1.2.3", "10.0.0.0/8",
	    "10.1.0.0/17", "10.1.2.0/30", "0.0.0.0/0");
	my @v6 = ("[2001:db8::/32]", "[2001:db8::/47]", "[::/0]",
	    "[2001:db8:1::5]");
	my @names = ("=a.b.example", "=.b.example", "=.example", "=");
	my @all = (@v4, @v6, @names, "");
	for my $t (1 .. 12) {
		my (%keys, $out);
		for (1 .. 2 + rand 12) {
			my $k = $all[rand @all];
			$k .= "\@25" if rand() < 0.3;
			$keys{$k} = 1;
		}
		$keys{"="} = 1;
		$keys{"\@25"} = 1 if grep /\@25/, keys %keys;
		open my $f, ">", "$ARGV[0]/table$t" or die;
		my $n = 0;
		for (sort keys %keys) {
			$n++;
			my $r = rand() < 0.2 ? "deny=\"550 5.7.1 $n\"" :
			    rand() < 0.1 ? "" : "allow,databytes=$n";
			print $f "$_:$r\n";
		}
	}' "$T"
different=0
asked=0
rm "$T/control/access" "$T/control/access.cdb"
for table in "$T"/table*; do
	for client in "10.1.2.3," 10.1.200.1,a.b.example 10.9.9.9,x.example \
	    192.0.2.1,a.b.example 2001:db8:1::5,x.b.example "2001:db8:9::1," \
	    "192.0.2.1,"; do
		cp "$table" "$T/control/access"
		text=$(who "$client")
		rm "$T/control/access"
		cp "$table" "$T/access"
		(cd "$T" && sh "$T/compile")
		mv "$T/access.cdb" "$T/control/access.cdb"
		cdb=$(who "$client")
		rm "$T/control/access.cdb"
		asked=$((asked + 1))
		[ "$text" = "$cdb" ] && continue
		different=$((different + 1))
		diag "$client: text $text, cdb $cdb, $(tr "\n" " " <"$table")"
	done
done
is "$asked clients: text and cdb say the same" "$different" 0

# --- what smtpe-cdb finds, and makes good ---

refuses() {
	smtpe-cdb access "$T/x.cdb" "$T/x" >"$T/out" 2>&1
	is "$1: exit 100" "$?" 100
	like "$1: said" "$(cat "$T/out")" "$2"
}
printf ':allow\n2001:db8::1:allow\n' >"$T/x"
refuses "IPv6 without brackets" 'x:2: is not an address or network'
printf ':alow\n' >"$T/x"
refuses "a bad rule" 'x:1: begins neither with allow nor with deny'
printf ':allow,queuedir=x\n' >"$T/x"
refuses "a setting of the process" 'x:1: a setting that is none of a conn'
printf ':allow,nonsense=x\n' >"$T/x"
refuses "no setting" 'x:1: a setting that is no control'
printf ':deny="250 ok"\n' >"$T/x"
refuses "no denial" 'x:1: has a code below 400'
printf '10.@25:deny\n' >"$T/x"
refuses "a listener without a line" 'x:1: 10\.@25 needs a line .* key @25'
printf '=x.example:deny\n' >"$T/x"
refuses "a name without a line" 'x:1: =x\.example needs a line .* key ='
printf '10.0.0.1/8:deny\n10.9.9.9/8:deny\n' >"$T/x"
refuses "one key in two spellings" 'x:2: 10\.0\.0\.0/8 stands in .*x:1 already'
printf '=:\n=A.Example:deny\n[2001:DB8::1/32]:deny\n:allow\n' >"$T/x"
smtpe-cdb access "$T/x.cdb" "$T/x"
is "keys are stored as they are looked for" \
    "$(cdb -d "$T/x.cdb" | sed -n 's/^[^:]*:\(.*\)->.*/\1/p' | tr '\n' ' ')" \
    "= =a.example [2001:db8::/32]  / "
is "and which lengths there are" "$(smtpe-cdb get "$T/x.cdb" /)" 6/32

# --- what --check finds ---

finds() {
	"$SMTPE" -c "$T/control" -q "$T/queue" --check >"$T/out" 2>&1
	is "$1: exit 111" "$?" 111
	like "$1: said" "$(cat "$T/out")" "^problem: .*$2"
}
printf '10.:allow,databytes=x\n' >"$T/control/access"
finds "a bad value for somebody else" \
    'access:1: databytes: "x" is not a size'
printf ':allow\n10.@25:allow\n' >"$T/control/access"
finds "a listener without a line" \
    'access:2: "10\.@25" names a listener that has no line of its own'
printf 'x:allow\nallow\n' >"$T/control/access"
finds "a bad key" 'access:1: "x" is not an address or network'
finds "a line without a colon" 'access:2: "allow" is not key:rule'
rm "$T/control/access"
printf '=Mail.Example allow\n192.0.2.9/24 allow\n= allow\n' |
    cdb -c -m "$T/control/access.cdb"
finds "a name in capitals in a cdb" \
    '"=Mail\.Example" is written so that it is never found'
finds "a network with a rest in a cdb" \
    '"192\.0\.2\.9/24" is written so that it is never found'
printf '10. allow\n/ 4/24\n' | cdb -c -m "$T/control/access.cdb"
finds "a network of a length that is not looked for" \
    '"10\." has a length that the record / does not have'
printf '10. allow\n/ 4/99\n' | cdb -c -m "$T/control/access.cdb"
finds "lengths that are none" '"4/99" is no list of lengths'
printf '10. allow\n' | cdb -c -m "$T/control/access.cdb"
printf '10.:deny\n' >"$T/control/access"
touch -t 203001010000 "$T/control/access"
like "a text that was not compiled is noted" \
    "$("$SMTPE" -c "$T/control" -q "$T/queue" --check)" \
    "^note: .*access is newer than .*access\.cdb"
echo garbage >"$T/control/access.cdb"
finds "a cdb that is none" 'access\.cdb'
is "nobody is served with it" "$(who 10.1.2.3,)" \
    "421 4.3.0 Local trouble, try again later "
done_testing

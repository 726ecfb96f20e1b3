#!/usr/bin/perl
# dialog.pl: runs t/dialog/*.smtp against build/smtpe/smtpe and speaks TAP.
#
#   perl t/dialog.pl [-j JOBS] [-m MODE]... FILE...
#
# One file states one rule. Every file is run in each of these modes, unless
# its "modes:" line names fewer:
#   whole   each C line is one write, and each S is waited for in its place
#   octets  every octet is one write, and the server reads it before the next
#   blast   all input in one write, then the replies
#   tcp     as whole, through a real tcpserver
#
# A file is a list of lines; "#" begins a comment. "# rfc: 5321 4.5.2, 3030 2"
# names rules that it tests (rfc.pl).
#   C: text      send text and CRLF       C+ text   the same, sent together
#   C= text      send text as it is       C=+ text  with what follows
#                escapes: \r \n \0 \t \\ \xHH; {{1000*text}} repeats
#   S: 250 text  the next reply: its code, then how its text begins;
#                "S: 250 /regex/" looks at its lines, divided by \n;
#                "S: 500|502" is either; "S*9: 250" is nine of them
#   S+ /regex/   the same reply matches this, too;  S- /regex/  does not
#   S: EOF       the server closes
#   shut         the client closes its side (also done at the end)
#   delay: N     pause N milliseconds before what comes next
#
#   control: name=value   a control file (again: one more line);
#   control: -name        none: me, rcpthosts and errordelay have one already
#   control-dir: name     a directory in the place of a control file
#   cdb: name key[=value] an entry of DIR/name.cdb
#   env: NAME=value       env: -NAME   removes it
#   args: words           more arguments       wrap: words   a program before
#   setup: command        run by sh in the test's directory ($Q, $C)
#   lua: line             of the script; note(...) writes to the notes
#   lua-file: NAME        of t/lua, run before it
#   hooks: all [but NAMES]  every hook of hook.def (or: hooks: NAMES) notes
#                its arguments; what it does is my.NAME in the lua lines
#   modes: names          enhanced: no (a script's replies as they are)
#   seconds: N            how long it may take, 20 if not said
#
#   exit: N        the exit status, 0 if not said
#   queue: N       entries in new/, 0 if not said
#   quarantine: NAME N
#   message: text  an entry's message, octet by octet
#   sender: a      of an entry              rcpts: a b  of an entry
#   trace: regex   the field that goes in front of an entry's message
#   entry: regex   an entry's file matches       entry!: regex  none does
#   log: regex     the log matches               log!: regex
#   notes: text    what note() wrote, joined by " | ";  notes~ regex
#   H: text        the hooks' notes, in order and no others; "*" is anything.
#                  A note(...) of the script's own is one of them
#
# Beyond that, in every dialog: tmp/ is empty at the end, every entry is
# complete, each reply is well formed and has an enhanced code (but for the
# banner, EHLO, HELO and LHLO), every log line is logfmt or begins with "lua: ".
use strict;
use warnings;
use Cwd qw(abs_path);
use Errno qw(EAGAIN EINTR EPIPE);
use Fcntl;
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time sleep);

use constant FIONREAD => 0x541B;
my @MODES = qw(whole octets blast tcp);
my ($here) = $0 =~ m{^(.*)/} ? $1 : '.';
$here = abs_path($here);
my $build = abs_path($ENV{SMTPE_BUILD} || "$here/../build");
my $smtpe = "$build/smtpe/smtpe";
my ($jobs, @modes, @files) = (2);

while (@ARGV) {
	my $a = shift @ARGV;
	if ($a eq '-j') { $jobs = shift @ARGV }
	elsif ($a eq '-m') { push @modes, shift @ARGV }
	else { push @files, $a }
}
@modes = @MODES unless @modes;
my $work = tempdir('smtpe-dialog.XXXXXX', TMPDIR => 1);
my $main = $$;
END {
	# Workers leave by POSIX::_exit.
	my $status = $?;
	remove_tree($work) if defined $main && $$ == $main;
	$? = $status;
}
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

sub unescape
{
	my ($s) = @_;
	my %c = (r => "\r", n => "\n", 0 => "\0", t => "\t", '\\' => '\\');
	my $plain = sub {
		my ($t) = @_;
		$t =~ s/\\(?:x([0-9a-fA-F]{2})|(.))/
		    defined $1 ? chr hex $1 : $c{$2} \/\/ die "escape \\$2\n"/ge;
		return $t;
	};
	my $out = '';
	while ($s =~ /\G(?:\{\{(\d+)\*(.*?)\}\}|((?:(?!\{\{\d+\*).)+))/gs) {
		$out .= defined $1 ? $plain->($2) x $1 : $plain->($3);
	}
	return $out;
}

sub pattern
{
	my ($s) = @_;
	$s =~ m{^/(.*)/$} or return qr/\A\Q$s\E/;
	return qr/$1/m;
}

# Every stage's name, from its one table.
sub all_hooks
{
	open my $f, '<', "$here/../lib/hook.def" or die "hook.def: $!\n";
	return map { /^HOOK\((\w+),/ ? $1 : () } <$f>;
}

# "all", "all but NAMES", "NAMES"
sub hook_names
{
	my ($what) = @_;
	my %known = map { $_ => 1 } my @all = all_hooks();
	my ($all, @names) = $what =~ /^all\b/ ? (1, split ' ', $what =~ s/^all( but)?//r)
	    : (0, split ' ', $what);
	$known{$_} or die "no hook $_\n" for @names;
	my %named = map { $_ => 1 } @names;
	return $all ? grep { !$named{$_} } @all : @names;
}

sub parse
{
	my ($file) = @_;
	my %d = (file => $file, steps => [], control => {}, cdb => {}, env => {},
	    lua => '', luafile => '', checks => [], exit => 0, queue => 0, quarantine => {},
	    enhanced => 1, seconds => 20, args => '', wrap => '', setup => [],
	    helos => 0, banners => 1);
	my %control = (me => ['mx.example.org'], rcpthosts => ['example.org'],
	    errordelay => ['0']);
	open my $f, '<:raw', $file or die "$file: $!\n";
	my $pending = '';
	my $last;
	while (my $l = <$f>) {
		chomp $l;
		next if $l =~ /^\s*(#|$)/;
		if ($l =~ /^C(?=[:=+])(=?)(\+?):? ?(.*)$/) {
			my ($raw, $more, $t) = ($1, $2, $3);
			$pending .= unescape($t) . ($raw ? '' : "\r\n");
			$d{helos}++ if $t =~ /^\s*(ehlo|helo|lhlo)\b/i;
			$d{banners}++ if $t =~ /^\s*xclient\b/i;
			next if $more;
			push @{$d{steps}}, {c => $pending};
			$pending = '';
		} elsif ($l =~ /^S: EOF$/) {
			push @{$d{steps}}, {eof => 1};
		} elsif ($l =~ /^S(?:\*(\d+))?: (\d\d\d(?:\|\d\d\d)*)(?: (.*))?$/) {
			$last = {s => $2, pat => [], not => [], line => $.};
			push @{$last->{pat}}, pattern($3) if defined $3;
			push @{$d{steps}}, ($last) x ($1 // 1);
		} elsif ($l =~ m{^S([-+]) (/.*/)$}) {
			push @{$last->{$1 eq '+' ? 'pat' : 'not'}}, pattern($2);
		} elsif ($l eq 'shut') {
			push @{$d{steps}}, {shut => 1};
		} elsif ($l =~ /^delay: (\d+)$/) {
			push @{$d{steps}}, {delay => $1 / 1000};
		} elsif ($l =~ /^control: -(\S+)$/) {
			delete $control{$1};
		} elsif ($l =~ /^control: ([^=\s]+)=(.*)$/) {
			$control{$1} = [] unless $d{control}{$1}++;
			push @{$control{$1}}, unescape($2);
		} elsif ($l =~ /^control-dir: (\S+)$/) {
			$d{dirs}{$1} = 1;
			delete $control{$1};
		} elsif ($l =~ /^cdb: (\S+) ([^=]+)(?:=(.*))?$/) {
			push @{$d{cdb}{$1}}, [$2, $3 // ''];
		} elsif ($l =~ /^env: -(\S+)$/) {
			$d{env}{$1} = undef;
		} elsif ($l =~ /^env: (\w+)=(.*)$/) {
			$d{env}{$1} = unescape($2);
		} elsif ($l =~ /^(args|wrap): (.*)$/) {
			$d{$1} = $2;
		} elsif ($l =~ /^setup: (.*)$/) {
			push @{$d{setup}}, $1;
		} elsif ($l =~ /^lua:(?: (.*))?$/) {
			$d{lua} .= ($1 // '') . "\n";
		} elsif ($l =~ /^lua-file: (\S+)$/) {
			$d{luafile} = "dofile('$here/lua/$1') ";
		} elsif ($l =~ /^hooks: (.*)$/) {
			# Nobody is to be asked for the client's name.
			$control{dnsservers} = ['127.0.0.1:1'];
			$d{trace} = join ', ', map { "'$_'" } hook_names($1);
			$d{hooks} //= [];
		} elsif ($l =~ /^H: (.*)$/) {
			push @{$d{hooks}}, $1;
		} elsif ($l =~ /^modes: (.*)$/) {
			$d{modes} = {map { $_ => 1 } split ' ', $1};
		} elsif ($l =~ /^enhanced: no$/) {
			$d{enhanced} = 0;
		} elsif ($l =~ /^(seconds|exit|queue): (\d+)$/) {
			$d{$1} = $2;
		} elsif ($l =~ /^quarantine: (\S+) (\d+)$/) {
			$d{quarantine}{$1} = $2;
		} elsif ($l =~ /^(message:|sender:|rcpts:|trace:|entry!?:|log!?:|notes[:~]) ?(.*)$/) {
			push @{$d{checks}}, [$1, $2];
		} else {
			die "$file:$.: what is \"$l\"?\n";
		}
	}
	$d{control} = \%control;
	return \%d;
}

# --- one run ---------------------------------------------------------------

sub put
{
	my ($path, $text) = @_;
	open my $f, '>:raw', $path or die "$path: $!\n";
	print $f $text;
	close $f or die "$path: $!\n";
}

sub slurp
{
	my ($path) = @_;
	open my $f, '<:raw', $path or return '';
	local $/;
	return <$f> // '';
}

# The directory of one run: control/, queue/, script.lua; returns argv, env.
sub prepare
{
	my ($d, $dir) = @_;
	mkdir $dir or die "$dir: $!\n";
	mkdir "$dir/control";
	put("$dir/control/$_", join('', map { "$_\n" } @{$d->{control}{$_}}))
	    for keys %{$d->{control}};
	mkdir "$dir/control/$_" for keys %{$d->{dirs} || {}};
	for my $name (keys %{$d->{cdb}}) {
		open my $c, '|-', 'cdb', '-c', '-t', "$dir/cdb.tmp",
		    "$dir/control/$name.cdb" or die "cdb: $!\n";
		print $c '+', length $_->[0], ',', length $_->[1], ":$_->[0]->$_->[1]\n"
		    for @{$d->{cdb}{$name}};
		print $c "\n";
		close $c or die "cdb failed\n";
	}
	my @argv = ($smtpe, '-c', "$dir/control", '-q', "$dir/queue");
	if ($d->{lua} ne '' || defined $d->{trace}) {
		my $trace = !defined $d->{trace} ? ''
		    : "TRACE = {$d->{trace}} dofile('$here/lua/trace.lua') ";
		put("$dir/script.lua", 'function note(...) local f = ' .
		    "io.open('$dir/notes', 'a'); f:write(table.concat({...}, " .
		    "' '), '\\n'); f:close() end " . $trace . $d->{luafile} .
		    $d->{lua});
		push @argv, '-s', "$dir/script.lua";
	}
	push @argv, split ' ', $d->{args};
	unshift @argv, 'sh', '-c', $d->{wrap} . ' "$@"', 'wrap' if $d->{wrap};
	my %env = (PATH => $ENV{PATH}, PROTO => 'TCP',
	    TCPREMOTEIP => '127.0.0.1', TCPREMOTEPORT => '40000',
	    TCPLOCALIP => '127.0.0.1', TCPLOCALPORT => '25');
	$env{$_} = $ENV{$_} for grep { /SAN_OPTIONS$/ && exists $ENV{$_} } keys %ENV;
	for (keys %{$d->{env}}) {
		if (defined $d->{env}{$_}) { $env{$_} = $d->{env}{$_} }
		else { delete $env{$_} }
	}
	for (@{$d->{setup}}) {
		local $ENV{C} = "$dir/control";
		local $ENV{Q} = "$dir/queue";
		local $ENV{D} = $dir;
		system('sh', '-c', "cd '$dir' && $_") == 0 or die "setup: $_\n";
	}
	return (\@argv, \%env);
}

sub spawn
{
	my ($argv, $env, $in, $out, $err) = @_;
	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	open my $e, '>>', $err or POSIX::_exit(99);
	POSIX::dup2(fileno $in, 0);
	POSIX::dup2(fileno $out, 1);
	POSIX::dup2(fileno $e, 2);
	$SIG{PIPE} = 'DEFAULT';
	%ENV = %$env;
	exec { $argv->[0] } @$argv or POSIX::_exit(98);
}

# Starts the server; returns what the conversation needs.
sub start
{
	my ($mode, $argv, $env, $dir) = @_;
	my %s = (in => '', out => '', end => 0);
	if ($mode eq 'tcp') {
		pipe my $pr, my $pw or die "pipe: $!\n";
		open my $null, '<', '/dev/null' or die;
		# The shell keeps the socket, so EOF means that the status is there.
		$s{pid} = spawn([qw(tcpserver -1 -H -R -l mx.local 127.0.0.1 0),
		    'sh', '-c', '"$@"; echo $? >"$0"', "$dir/status", @$argv],
		    {%$env, PATH => $ENV{PATH}}, $null, $pw, "$dir/log");
		close $pw;
		my $port = <$pr>;
		chomp $port;
		$s{rd} = $s{wr} = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		    PeerPort => $port, Proto => 'tcp') or die "connect: $!\n";
		setsockopt $s{wr}, 6, 1, 1;
		$s{tcp} = 1;
	} else {
		pipe my $ir, $s{wr} or die "pipe: $!\n";
		pipe $s{rd}, my $ow or die "pipe: $!\n";
		$s{pid} = spawn($argv, $env, $ir, $ow, "$dir/log");
	}
	fcntl $s{$_}, F_SETFL, O_NONBLOCK | fcntl $s{$_}, F_GETFL, 0
	    for qw(rd wr);
	return \%s;
}

# Moves octets both ways until the output is out (or, with want, until a
# whole reply or the end is there).
sub pump
{
	my ($s, $want) = @_;
	while (1) {
		return if $want ? reply_ready($s) || $s->{end}
		    : $s->{out} eq '' || $s->{gone};
		my $left = $s->{deadline} - time;
		die "time is up\n" if $left <= 0;
		my ($r, $w) = ('', '');
		vec($r, fileno $s->{rd}, 1) = 1 unless $s->{end};
		my $sending = $s->{out} ne '' && !$s->{gone};
		vec($w, fileno $s->{wr}, 1) = 1 if $sending;
		my $n = select $r, $w, undef, $left;
		next if $n <= 0;
		if (vec $r, fileno $s->{rd}, 1) {
			my $g = sysread $s->{rd}, $s->{in}, 65536, length $s->{in};
			$s->{end} = 1 if defined $g ? $g == 0 : $! != EAGAIN && $! != EINTR;
		}
		if ($sending && vec $w, fileno $s->{wr}, 1) {
			my $g = syswrite $s->{wr}, $s->{out};
			if (defined $g) { substr($s->{out}, 0, $g) = '' }
			elsif ($! != EAGAIN && $! != EINTR) { $s->{gone} = 1; $s->{out} = '' }
		}
	}
}

sub reply_ready
{
	my ($s) = @_;
	return $s->{in} =~ /\A(?:\d\d\d-[^\n]*\n)*(?!\d\d\d-)[^\n]*\n/;
}

# Octet by octet: a pipe is seen empty before the next one goes.
sub send_octets
{
	my ($s, $octets) = @_;
	for my $o (split //, $octets) {
		$s->{out} = $o;
		pump($s, 0);
		next if $s->{tcp} || $s->{gone};
		my $until = time + 0.05;
		for (my $spin = 0; time < $until; $spin++) {
			my $n = pack 'i', 0;
			ioctl $s->{wr}, FIONREAD, $n or last;
			last if unpack('i', $n) == 0;
			select undef, undef, undef, 0 if $spin > 20;
		}
	}
}

sub shut_down
{
	my ($s) = @_;
	return if $s->{shut}++;
	if ($s->{tcp}) { shutdown $s->{wr}, 1 } else { close $s->{wr} }
	$s->{gone} = 1;
}

sub take_reply
{
	my ($s) = @_;
	pump($s, 1);
	$s->{in} =~ s/\A((?:\d\d\d-[^\n]*\n)*(?!\d\d\d-)[^\n]*\n)// or return undef;
	return $1;
}

# What is wrong with a reply's form, or nothing.
sub reply_fault
{
	my ($d, $text, $seen) = @_;
	my ($code) = $text =~ /\A(\d\d\d)/ or return "no code: $text";
	my @lines = split /(?<=\n)/, $text;
	for (@lines) {
		return "bad line: $_" unless /\A$code([- ][^\r\n\0]*)?\r\n\z/;
		return "line too long" if length > ($d->{enhanced} ? 512 : 1000);
		next unless $d->{enhanced} && $code =~ /^[245]/;
		next if /\A$code[- ](\d)\.\d{1,3}\.\d{1,3}[ \r]/ && $1 eq substr $code, 0, 1;
		next if $code == 220 && $seen->{banner} < $d->{banners};
		next if $code == 250 && $seen->{helo} < $d->{helos};
		return "no enhanced code: $_";
	}
	$seen->{helo}++ if $code == 250 && $lines[0] !~ /\A250[- ]2\.\d/;
	$seen->{banner}++ if $code == 220;
	return;
}

sub converse
{
	my ($d, $mode, $s) = @_;
	my @wrong;
	my %seen = (banner => 0, helo => 0);
	if ($mode eq 'blast') {
		$s->{out} = join '', map { $_->{c} // '' } @{$d->{steps}};
	}
	for my $st (@{$d->{steps}}) {
		if (defined $st->{c}) {
			next if $mode eq 'blast';
			if ($mode eq 'octets') { send_octets($s, $st->{c}) }
			else { $s->{out} = $st->{c}; pump($s, 0) }
		} elsif ($st->{shut}) {
			pump($s, 0);
			shut_down($s);
		} elsif ($st->{delay}) {
			sleep $st->{delay} unless $mode eq 'blast';
		} elsif ($st->{eof}) {
			my $r = take_reply($s);
			push @wrong, "reply instead of the end: $r" if defined $r;
		} else {
			my $r = take_reply($s);
			if (!defined $r) {
				push @wrong, "line $st->{line}: end instead of $st->{s}";
				last;
			}
			my $fault = reply_fault($d, $r, \%seen);
			push @wrong, "line $st->{line}: $fault" if $fault;
			if (substr($r, 0, 3) !~ /^($st->{s})$/) {
				push @wrong, "line $st->{line}: not $st->{s}: $r";
				last;
			}
			my $text = join "\n", map { s/\r$//r } $r =~ /^\d\d\d[- ]?(.*)$/mg;
			$text =~ /$_/ or push @wrong, "line $st->{line}: not $_: $text"
			    for @{$st->{pat}};
			$text =~ /$_/ and push @wrong, "line $st->{line}: matches $_: $text"
			    for @{$st->{not}};
		}
	}
	pump($s, 0);
	shut_down($s);
	while (defined(my $r = take_reply($s))) {
		push @wrong, "unexpected reply: $r";
	}
	push @wrong, "left over: $s->{in}" if $s->{in} ne '';
	return @wrong;
}

# --- what is left afterwards -------------------------------------------------

# Message and envelope of an entry, read from smtpe-queue(5) alone.
sub read_entry
{
	my ($path) = @_;
	my $all = slurp($path);
	my %e = (path => $path, all => $all, rcpts => []);
	my ($off, $len) = substr($all, -32) =~ /\Asmtpe1 ([0-9a-f]{16}) ([0-9a-f]{7})\n\z/
	    or return {bad => 'footer', %e};
	($off, $len) = (hex $off, hex $len);
	return {bad => 'sizes', %e} unless $off + $len + 32 == length $all;
	$e{message} = substr $all, 0, $off;
	my $trailer = substr $all, $off, $len;
	return {bad => 'trailer', %e}
	    unless $trailer =~ /\Asmtpe-entry 1\n/ && $trailer =~ /\n\n\z/;
	for (split /\n/, $trailer) {
		my ($k, @v) = split / /, $_, -1;
		next unless defined $k;
		s/%([0-9A-Fa-f]{2})/chr hex $1/ge for @v;
		if ($k =~ /^[TDPBX]$/) { push @{$e{rcpts}}, $v[0] // '' }
		elsif ($k eq 'edit') { push @{$e{edits}}, [@v] }
		else { $e{$k} = $v[0] unless exists $e{$k} }
	}
	$e{sender} = '' if ($e{sender} // '') eq '<>';
	return \%e;
}

sub entries_below
{
	my ($dir) = @_;
	return map { -d $_ ? entries_below($_) : $_ } glob "$dir/*";
}

# The hooks' notes beside the H lines, from where they differ.
sub compare_hooks
{
	my ($want, @got) = @_;
	for my $i (0 .. (@$want < @got ? $#got : $#$want)) {
		my ($w, $g) = ($want->[$i] // 'the end', $got[$i] // 'the end');
		my $re = join '.*', map { quotemeta } split /\*/, $w, -1;
		next if $g =~ /\A$re\z/;
		return ("hook: not $w", map { "  H: $_" } @got[$i .. $#got]);
	}
	return;
}

sub check
{
	my ($d, $dir, $status) = @_;
	my @wrong;
	my @entries = map { read_entry($_) } sort { $a cmp $b } entries_below("$dir/queue/new");
	my @held;
	push @wrong, "exit $status, not $d->{exit}" if $status ne $d->{exit};
	push @wrong, scalar(@entries) . " entries, not $d->{queue}"
	    if @entries != $d->{queue};
	for my $name (map { s{.*/}{}r } glob "$dir/queue/quarantine/*") {
		my @q = map { read_entry($_) } entries_below("$dir/queue/quarantine/$name");
		my $want = $d->{quarantine}{$name} // 0;
		push @wrong, scalar(@q) . " in quarantine $name, not $want" if @q != $want;
		push @held, @q;
	}
	-d "$dir/queue/quarantine/$_" or push @wrong, "no quarantine $_"
	    for grep { $d->{quarantine}{$_} } keys %{$d->{quarantine}};
	push @entries, @held;
	$_->{bad} and push @wrong, "damaged entry: $_->{bad}" for @entries;
	push @wrong, "left in tmp/: @{[glob qq($dir/queue/tmp/*)]}" if glob "$dir/queue/tmp/*";
	my $log = slurp("$dir/log");
	/\A(smtpe(-checkpw)?\[\d+\] event=[\w.-]+( [\w.-]+=("([^"\\]|\\.)*"|[^" \\]+))*|tcpserver: .*|lua: .*)\z/
	    or push @wrong, "log line: $_" for split /\n/, $log;
	my $notes = join ' | ', split /\n/, slurp("$dir/notes");
	push @wrong, compare_hooks($d->{hooks}, split /\n/, slurp("$dir/notes"))
	    if $d->{hooks};
	for (@{$d->{checks}}) {
		my ($what, $v) = @$_;
		my $u = unescape($v) unless $what =~ /^(entry|log|notes~|trace)/;
		my $ok = $what eq 'message:' ? grep { ($_->{message} // '') eq $u } @entries
		    : $what eq 'sender:' ? grep { ($_->{sender} // 'none') eq $u } @entries
		    : $what eq 'rcpts:' ? grep { "@{$_->{rcpts}}" eq $u } @entries
		    : $what eq 'trace:' ? grep { grep { $_->[0] eq 'prepend' &&
			$_->[1] =~ /$v/s } @{$_->{edits}} } @entries
		    : $what eq 'entry:' ? grep { $_->{all} =~ /$v/s } @entries
		    : $what eq 'entry!:' ? !grep { $_->{all} =~ /$v/s } @entries
		    : $what eq 'log:' ? $log =~ /$v/m
		    : $what eq 'log!:' ? $log !~ /$v/m
		    : $what eq 'notes:' ? $notes eq $u
		    : $what eq 'notes~' ? $notes =~ /$v/ : 0;
		next if $ok;
		push @wrong, "not so: $what $v";
		push @wrong, "  notes: $notes" if $what =~ /^notes/;
		push @wrong, "  log: $log" if $what =~ /^log/;
		push @wrong, map { "  entry: " . join ', ', "sender <" . ($_->{sender} // '?')
		    . ">", "rcpts @{$_->{rcpts}}", substr($_->{all}, 0, 1500) } @entries
		    if $what =~ /^(entry|sender|rcpts|message|trace)/;
	}
	return @wrong;
}

sub run
{
	my ($d, $mode, $dir) = @_;
	my ($s, $status, @wrong);
	eval {
		my ($argv, $env) = prepare($d, $dir);
		$s = start($mode, $argv, $env, $dir);
		$s->{deadline} = time + $d->{seconds};
		@wrong = converse($d, $mode, $s);
		1;
	} or push @wrong, "failed: $@";
	if ($s && $s->{pid}) {
		my $kill = !$s->{end};
		# It may have said all and not be gone yet.
		for (my $n = 0; $s->{tcp} && !$kill && !-s "$dir/status" && $n < 2000; $n++) {
			sleep 0.005;
		}
		kill $kill ? 'KILL' : 'TERM', $s->{pid} if $kill || $s->{tcp};
		if (!$kill && !$s->{tcp}) {
			# It closed; it ends within the time left, or is killed.
			local $SIG{ALRM} = sub { kill 'KILL', $s->{pid} };
			alarm 20;
			waitpid $s->{pid}, 0;
			alarm 0;
		} else {
			waitpid $s->{pid}, 0;
		}
		$status = $s->{tcp} ? slurp("$dir/status") =~ s/\n//r
		    : $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
	}
	push @wrong, check($d, $dir, $status) if defined $status;
	push @wrong, 'log: ' . slurp("$dir/log") if @wrong;
	remove_tree($dir) unless $ENV{DIALOG_KEEP};
	return @wrong;
}

# --- all of them -------------------------------------------------------------

sub applies
{
	my ($d, $mode) = @_;
	return 0 if $d->{modes} && !$d->{modes}{$mode};
	# tcpserver says these itself.
	return 0 if $mode eq 'tcp' && grep { /^(TCP|PROTO)/ } keys %{$d->{env}};
	return 1;
}

my @tests;
for my $f (@files) {
	my $d = parse($f);
	push @tests, [$d, $_] for grep { applies($d, $_) } @modes;
}
die "no dialogs\n" unless @tests;
print '1..', scalar @tests, "\n";

sub work
{
	my ($n) = @_;
	open my $out, '>', "$work/result.$n" or die;
	for (my $i = $n; $i < @tests; $i += $jobs) {
		my ($d, $mode) = @{$tests[$i]};
		my @wrong = run($d, $mode, "$work/$i");
		my $name = $d->{file} =~ s{.*/|\.smtp$}{}gr;
		print $out @wrong ? 'not ' : '', 'ok ', $i + 1, " - $name ($mode)\n";
		print $out map { "# $_\n" } map { split /\n/, s/\r/\\r/gr } @wrong;
		print $out "\0";
		$out->flush;
	}
	close $out;
}

for my $n (0 .. $jobs - 1) {
	my $pid = fork // die;
	next if $pid;
	$main = undef;
	eval { work($n); 1 } or print STDERR $@;
	POSIX::_exit(0);
}
1 while wait != -1;
my @results = map { [split /\0/, slurp("$work/result.$_")] } 0 .. $jobs - 1;
my $failed = 0;
for my $i (0 .. $#tests) {
	my $r = $results[$i % $jobs][int $i / $jobs] // 'not ok ' . ($i + 1) . " - no result\n";
	print $r;
	$failed++ if $r =~ /^not ok/;
}
exit($failed ? 1 : 0);

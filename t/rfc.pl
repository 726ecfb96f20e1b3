#!/usr/bin/perl
# rfc.pl: the rules that the code cites ("RFC 5321 4.5.2") and the tests that
# name them.
#
#   perl t/rfc.pl          a line for each rule: where, and what tests it
#   perl t/rfc.pl --check  TAP: each rule that smtpe/ cites is tested
#
# A test names a rule as the code does, or in a line of its own,
# "# rfc: 3030 2, 2920 3.1"; a section stands for those it is part of. The
# rules of t/rfc-untested need no test; there each has its reason.
use strict;
use warnings;
use File::Find;

my ($here) = $0 =~ m{^(.*)/} ? $1 : '.';
my $top = "$here/..";
my $check = @ARGV && $ARGV[0] eq '--check';

# The text of a file's comments as one line each, so that a citation may be
# broken by a line's end.
sub slurp
{
	my ($file) = @_;
	open my $f, '<:raw', $file or die "$file: $!\n";
	local $/;
	my $text = <$f>;
	$text =~ s{\n[ \t]*(?:\*|//|#|\.\\")?[ \t]*}{ }g;
	return $text;
}

my $section = qr/\d{1,2}(?:\.\d{1,2})*|[A-Z](?:\.\d+)+/;

# "5321 4.5.2" for "RFC 5321 4.5.2", "5321" for the RFC alone; after a section
# more may follow: "RFC 3461 4.2 and 4.4".
sub citations
{
	my ($text) = @_;
	my %found;
	while ($text =~ /\bRFC ?(\d{3,4})(?:,? ($section)(?![\w.]*\w)((?:(?:,| and| or|, and) (?!\d{4})$section(?![\w.]*\w))*))?/g) {
		my ($n, $s, $more) = ($1, $2, $3);
		if (!defined $s) {
			$found{$n} = 1;
			next;
		}
		$found{"$n $_"} = 1 for $s, ($more =~ /($section)/g);
	}
	return keys %found;
}

# The lists "rfc: 3030 2, 2920 3.1" of a test.
sub listed
{
	my ($file) = @_;
	open my $f, '<', $file or die "$file: $!\n";
	my @found;
	while (<$f>) {
		s{\*/\s*$}{};
		push @found, split /, */, $1 if /^\W*rfc: (.*?)\s*$/;
	}
	/^\d{3,4} $section$/ or die "$file: rfc: what is \"$_\"?\n" for @found;
	return @found;
}

sub files
{
	my ($pattern, @dirs) = @_;
	my @all;
	find({no_chdir => 1, wanted => sub {
		push @all, $_ if -f && /$pattern/ && !/corpus/;
	}}, map { "$top/$_" } @dirs);
	return sort @all;
}

my (%cited, %tested, %untested);
for my $file (files(qr/\.(c|h|def)$/, qw(smtpe queuerun lib))) {
	my $name = $file =~ s{^\Q$top\E/}{}r;
	push @{$cited{$_}}, $name for citations(slurp($file));
}
for my $file (files(qr/\.(smtp|t|c|py|pl|lua)$/, 't')) {
	my $name = $file =~ s{^\Q$top\E/}{}r;
	next if $name eq 't/rfc.pl';
	my %rules = map { $_ => 1 } citations(slurp($file)), listed($file);
	for my $rule (keys %rules) {
		# 3030 4.2 is a test of 3030 4 and of 3030.
		my $r = $rule;
		do { push @{$tested{$r}}, $name } while $r =~ s/[ .]\w+$//;
	}
}
open my $f, '<', "$here/rfc-untested" or die "rfc-untested: $!\n";
while (<$f>) {
	next if /^#|^$/;
	/^(\d+(?: $section)?): (\S.*)$/ or die "rfc-untested:$.: $_";
	$untested{$1} = $2;
}

sub by_rule
{
	my @a = $a =~ /\w+/g;
	my @b = $b =~ /\w+/g;
	while (@a && @b) {
		my ($x, $y) = (shift @a, shift @b);
		my $c = "$x$y" =~ /\D/ ? $x cmp $y : $x <=> $y;
		return $c if $c;
	}
	return @a <=> @b;
}

sub few
{
	my %seen;
	my @names = grep { !$seen{$_}++ } @_;
	my $more = @names > 4 ? ', and ' . (@names - 4) . ' more' : '';
	return join(', ', map { s{^t/(?:dialog/)?}{}r } @names[0 .. ($#names < 3 ? $#names : 3)]) . $more;
}

my @rules = sort by_rule keys %cited;
if (!$check) {
	for (@rules) {
		print "RFC $_: ", join(', ', @{$cited{$_}}), "\n";
		print "\t", $tested{$_} ? few(@{$tested{$_}}) : $untested{$_} ?
		    "no test: $untested{$_}" : 'no test', "\n";
	}
	exit 0;
}
my @ours = grep { grep { m{^smtpe/} } @{$cited{$_}} } @rules;
print '1..', @ours + 3, "\n";
my ($n, $failed) = (0, 0);
sub ok
{
	my ($good, $name) = @_;
	$n++;
	$failed += !$good;
	print $good ? '' : 'not ', "ok $n - $name\n";
}
for (@ours) {
	ok($tested{$_} || $untested{$_}, "RFC $_ has a test" .
	    ($tested{$_} ? ': ' . few(@{$tested{$_}}) : ''));
	print '# cited by ', join(', ', @{$cited{$_}}), "\n"
	    unless $tested{$_} || $untested{$_};
}
ok(@ours > 40, 'there are citations');
my @needless = grep { $tested{$_} || !$cited{$_} } sort keys %untested;
ok(!@needless, "nothing needless in rfc-untested @needless");
my @dialogs = grep { m{t/dialog/} && listed($_) } files(qr/\.smtp$/, 't');
ok(@dialogs > 20, 'dialogs name their rules');
exit($failed ? 1 : 0);

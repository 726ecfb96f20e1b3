#!/usr/bin/perl
# client.pl PORT FILE: sends one message to 127.0.0.1, a command at a time;
# prints all that the server said, and writes its own port into FILE.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $file) = @ARGV;
$SIG{ALRM} = sub { die "no answer\n" };
alarm 30;
my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
    or die "connect: $!\n";
open my $f, '>', $file or die "$file: $!\n";
print $f $s->sockport, "\n";
close $f;

sub reply
{
	while (defined(my $l = <$s>)) {
		print $l =~ s/\r\n/\n/r;
		return if $l =~ /^\d\d\d / || $l !~ /^\d\d\d/;
	}
}

reply();
for ('EHLO client.example', 'MAIL FROM:<a@client.example>',
    'RCPT TO:<b@example.org>', 'DATA', "Subject: x\r\n\r\ntext\r\n.", 'QUIT') {
	print $s "$_\r\n";
	reply();
}
print while defined($_ = <$s>);

#!/usr/bin/perl
# Whole frames on eth0, as hex lines. `send` takes them from standard input, `listen` prints what comes in
# until its standard input ends. `serve` and `fetch` are a TCP service that answers with so many bytes.
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use Socket;
use Time::HiRes qw(sleep);

use constant { AF_PACKET => 17, ETH_P_ALL => 0x0003, PACKET_OUTGOING => 4 };

$| = 1;
my $mode = shift // '';
# Ends what a killed test has left.
alarm 3600;

sub packet_socket {
    socket(my $socket, AF_PACKET, SOCK_RAW, unpack('S', pack('n', ETH_P_ALL))) or die "socket: $!";
    my $index = do { local (@ARGV, $/) = '/sys/class/net/eth0/ifindex'; <> };
    bind($socket, pack('S n i S C C a8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 0, '')) or die "bind: $!";
    return $socket;
}

if ($mode eq 'send') {
    my $socket = packet_socket();
    while (my $line = <STDIN>) {
        chomp $line;
        defined send($socket, pack('H*', $line), 0) or die "send: $!";
        sleep 0.005;
    }
}
elsif ($mode eq 'listen') {
    my $socket = packet_socket();
    print "listening\n";
    my $select = IO::Select->new($socket, \*STDIN);
    while (my @ready = $select->can_read) {
        for my $handle (@ready) {
            exit 0 if $handle == \*STDIN;
            my $from = recv($socket, my $frame, 65536, 0);
            next if !defined $from || (unpack 'S n i S C C', $from)[4] == PACKET_OUTGOING;
            print unpack('H*', $frame), "\n";
        }
    }
}
elsif ($mode eq 'serve') {
    my $server = IO::Socket::IP->new(LocalHost => '::', LocalPort => 8080, Listen => 16, ReuseAddr => 1, V6Only => 0)
        or die "listen: $@";
    print "listening\n";
    while (my $client = $server->accept) {
        if (!fork) {
            while (my $line = <$client>) { print {$client} 'x' x $line, "\n"; $client->flush; }
            exit 0;
        }
    }
}
elsif ($mode eq 'fetch') {
    # One line of input is one request on the same connection, bytes and patience; the answer is what came of it.
    my $client = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => 8080, Timeout => $ARGV[1]);
    print $client ? "connected\n" : "blocked\n";
    exit 0 if !$client;
    while (my $line = <STDIN>) {
        my ($size, $seconds) = split ' ', $line;
        print {$client} "$size\n";
        $client->flush;
        my ($got, $select) = (0, IO::Select->new($client));
        while ($got <= $size && $select->can_read($seconds)) {
            my $read = sysread($client, my $part, 65536);
            last if !$read;
            $got += $read;
        }
        print $got > $size ? "answered\n" : "silent\n";
    }
}

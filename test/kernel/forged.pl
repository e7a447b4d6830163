#!/usr/bin/perl
# Datagrams with a source of choice, and who hears them.
#   forged.pl send SOURCE SPORT DESTINATION DPORT TEXT   IPv6 needs no privilege (IPV6_FREEBIND), IPv4 a raw socket
#   forged.pl protocol SOURCE DESTINATION NUMBER TEXT    a packet of any protocol (IPv4, raw socket)
#   forged.pl hear ADDRESS PORT                          prints `SOURCE TEXT` of each datagram, first `listening`
use strict;
use warnings;
use Socket qw(:DEFAULT inet_pton inet_ntop getaddrinfo getnameinfo pack_sockaddr_in6 AF_INET6 NI_NUMERICHOST);
use constant { SOL_IPV6 => 41, IPV6_FREEBIND => 78, IPPROTO_RAW => 255 };

$| = 1;
my ($command, @arguments) = @ARGV;

sub datagram6 {
    my ($source, $sport, $destination, $dport, $text) = @_;
    socket(my $socket, AF_INET6, SOCK_DGRAM, 17) or die "socket: $!";
    setsockopt($socket, SOL_IPV6, IPV6_FREEBIND, 1) or die "freebind: $!";
    bind($socket, pack_sockaddr_in6($sport, inet_pton(AF_INET6, $source))) or die "bind: $!";
    # As text it may name a link, as in fe80::1%eth0.
    my ($error, $at) = getaddrinfo($destination, $dport, { socktype => SOCK_DGRAM });
    die $error if $error;
    send($socket, $text, 0, $at->{addr}) or die "send: $!";
}

sub packet4 {
    my ($source, $destination, $protocol, $payload) = @_;
    socket(my $socket, AF_INET, SOCK_RAW, IPPROTO_RAW) or die "raw socket: $!";
    my $header = pack('CCnnnCCn', 0x45, 0, 20 + length $payload, 0, 0, 64, $protocol, 0)
        . inet_pton(AF_INET, $source) . inet_pton(AF_INET, $destination);
    send($socket, $header . $payload, 0, pack_sockaddr_in(0, inet_pton(AF_INET, $destination))) or die "send: $!";
}

if ($command eq 'send') {
    my ($source, $sport, $destination, $dport, $text) = @arguments;
    if ($source =~ /:/) { datagram6(@arguments) }
    else { packet4($source, $destination, 17, pack('nnnn', $sport, $dport, 8 + length $text, 0) . $text) }
}
elsif ($command eq 'protocol') {
    my ($source, $destination, $protocol, $text) = @arguments;
    packet4($source, $destination, $protocol, $text);
}
elsif ($command eq 'hear') {
    my ($address, $port) = @arguments;
    my ($error, $at) = getaddrinfo($address, $port, { socktype => SOCK_DGRAM });
    die $error if $error;
    socket(my $socket, $at->{family}, SOCK_DGRAM, 17) or die "socket: $!";
    bind($socket, $at->{addr}) or die "bind: $!";
    print "listening\n";
    while (defined(my $from = recv($socket, my $text, 2000, 0))) {
        my (undef, $host) = getnameinfo($from, NI_NUMERICHOST);
        print "$host $text\n";
    }
}
else { die "unknown command $command" }

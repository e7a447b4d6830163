# Raw packets inside a lab, run as: ip netns exec NAMESPACE perl raw-packets.pl listen SECONDS
#                                   ip netns exec NAMESPACE perl raw-packets.pl send SOURCE DESTINATION PORT FIRST_SOURCE_PORT
# `send` sends every kind of packet once, each with its kind's name as payload; `listen` prints the kinds
# that arrive, whatever this host's own stack would make of them.
use strict;
use warnings;
use Socket qw(:all);

my ($mode, @rest) = @ARGV;
$mode eq 'listen' ? listen_for(@rest) : send_all(@rest);

sub listen_for {
    my ($seconds) = @rest;
    # AF_PACKET, SOCK_DGRAM, every protocol: what the link delivers, before the stack judges it.
    socket(my $link, 17, SOCK_DGRAM, unpack('S', pack('n', 3))) or die "listen: $!";
    $| = 1;
    print "listening\n";
    my $end = time + $seconds;
    while ((my $left = $end - time) > 0) {
        vec(my $ready = '', fileno($link), 1) = 1;
        next unless select($ready, undef, undef, $left);
        my $from = recv($link, my $packet, 65535, 0) // next;
        # Packet type 4: what this host sends itself.
        next if unpack('x10 C', $from) == 4;
        print "$1\n" if $packet =~ /KIND:([a-z0-9-]+):/;
    }
}

sub checksum {
    my ($data) = @_;
    $data .= "\0" if length($data) % 2;
    my $sum = 0;
    $sum += $_ for unpack('n*', $data);
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub send_all {
    my ($source, $destination, $port, $next_port) = @_;
    my $six = $source =~ /:/;
    my $family = $six ? AF_INET6 : AF_INET;
    my ($from, $to) = map { inet_pton($family, $_) } $source, $destination;
    socket(my $raw, $family, SOCK_RAW, 255) or die "send: $!";
    # IPV6_HDRINCL; the IPv4 socket includes headers by its protocol.
    setsockopt($raw, 41, 36, 1) if $six;
    my $icmp = $six ? 58 : 1;

    my $payload = sub { "KIND:$_[0]:" };
    my $pseudo = sub {
        my ($protocol, $length) = @_;
        return $six ? $from . $to . pack('N x3 C', $length, $protocol) : $from . $to . pack('x C n', $protocol, $length);
    };
    my $tcp = sub {
        my ($kind, $flags, $source_port) = @_;
        my @head = ($source_port // $next_port++, $port, 1000, 777, 5 << 4, $flags, 65535);
        my $segment = pack('nnNNCCnnn', @head, 0, 0) . $payload->($kind);
        my $sum = checksum($pseudo->(6, length $segment) . $segment);
        return pack('nnNNCCnnn', @head, $sum, 0) . $payload->($kind);
    };
    my $udp = sub {
        my ($kind, $source_port) = @_;
        my $datagram = pack('nnnn', $source_port, $port, 8 + length $payload->($kind), 0) . $payload->($kind);
        my $sum = checksum($pseudo->(17, length $datagram) . $datagram) || 0xffff;
        substr($datagram, 6, 2) = pack('n', $sum);
        return $datagram;
    };
    my $message = sub {
        my ($kind, $type, $about) = @_;
        my $text = pack('CCnN', $type, 0, 0, $type == 128 || $type == 8 ? 0x00010001 : 0) . ($about // '') . $payload->($kind);
        my $sum = checksum(($six ? $pseudo->(58, length $text) : '') . $text);
        substr($text, 2, 2) = pack('n', $sum);
        return $text;
    };
    my $packet = sub {
        my ($protocol, $body, $hops, $fragment) = @_;
        if ($six) { return pack('NnCC', 6 << 28, length $body, $protocol, $hops // 64) . $from . $to . $body }
        my @head = (0x45, 0, 20 + length $body, 4242, $fragment // 0, $hops // 64, $protocol);
        my $sum = checksum(pack('CCnnnCCn', @head, 0) . $from . $to);
        return pack('CCnnnCCn', @head, $sum) . $from . $to . $body;
    };
    my $out = sub { send($raw, $_[0], 0, $six ? pack_sockaddr_in6(0, $to) : pack_sockaddr_in(0, $to)) };

    my %flags = (syn => 2, ack => 16, synack => 18, rst => 4, finack => 17, null => 0, xmas => 0x29, pshack => 24);
    $out->($packet->(6, $tcp->("tcp-$_", $flags{$_}))) for sort keys %flags;
    $out->($packet->(6, $tcp->('tcp-ack-from-80', 16, 80)));
    $out->($packet->(17, $udp->('udp', $next_port++)));
    $out->($packet->(17, $udp->('udp-from-53', 53)));
    $out->($packet->($_, $payload->("protocol-$_") . "\0" x 40)) for 4, 41, 47, 99;
    my @types = $six ? (1 .. 4, 128 .. 137, 143) : (0, 3, 4, 5, 8, 9, 10, 11, 12, 13);
    $out->($packet->($icmp, $message->("icmp-$_", $_))) for @types;
    if ($six) {
        $out->($packet->($icmp, $message->("icmp-$_-hops-255", $_), 255)) for 133, 135, 136;
        # A destination-options header in front, and a fragment header around a whole packet.
        my $options = sub { pack('CC C C x4', $_[0], 0, 1, 4) };
        $out->($packet->(60, $options->(17) . $udp->('options-udp', $next_port++)));
        $out->($packet->(60, $options->(58) . $message->('options-solicitation', 135)));
        $out->($packet->(44, pack('CCnN', 58, 0, 0, 7) . $message->('fragment-solicitation', 135)));
    }
    else {
        my $whole = $udp->('fragments', $next_port++) . 'x' x 64;
        $whole = substr($whole, 0, 4) . pack('nn', length $whole, 0) . substr($whole, 8);
        $out->($packet->(17, substr($whole, 0, 40), 64, 0x2000));
        $out->($packet->(17, substr($whole, 40), 64, 5));
    }
    select(undef, undef, undef, 0.1);
}

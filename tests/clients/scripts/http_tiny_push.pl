# Sends a request with HTTP::Tiny and prints the answer's status: METHOD URL [BODY].
use strict;
use warnings;
use HTTP::Tiny;

my ($method, $url, $body) = @ARGV;
my $options = defined $body ? { content => $body } : {};
my $response = HTTP::Tiny->new->request($method, $url, $options);
print "$response->{status}\n";

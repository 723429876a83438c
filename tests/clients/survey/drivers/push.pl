# Pushes once with a library: LIBRARY METHOD URL BODY FILE [follow]. BODY says how the content of
# FILE is given to the library. Prints the status or the error that its caller sees.
use strict;
use warnings;

my ($library, $method, $url, $kind, $path, $follow) = @ARGV;

sub content {
  open(my $file, '<:raw', $path) or die "$path: $!";
  local $/;
  return scalar <$file>;
}

# Gives the content once, and then the empty string or nothing: it ends.
sub chunks {
  my @chunks = (content());
  return sub { shift @chunks };
}

my %libraries = (
  'HTTP::Tiny' => sub {
    require HTTP::Tiny;
    my $body = $kind eq 'stream' ? chunks() : content();
    my $response = HTTP::Tiny->new->request($method, $url, { content => $body });
    return $response->{status};
  },
  'LWP' => sub {
    require LWP::UserAgent;
    require HTTP::Request;
    my $agent = LWP::UserAgent->new;
    push @{ $agent->requests_redirectable }, 'PUT', 'POST' if $follow;
    my $body = $kind eq 'stream' ? chunks() : content();
    my $response = $agent->request(HTTP::Request->new($method, $url, [], $body));
    return $response->code;
  },
  'Mojo' => sub {
    require Mojo::UserAgent;
    require Mojo::Asset::File;
    my $agent = Mojo::UserAgent->new;
    $agent->max_redirects(3) if $follow;
    my $sent = $agent->build_tx($method, $url, $kind eq 'file' ? () : content());
    $sent->req->content->asset(Mojo::Asset::File->new(path => $path)) if $kind eq 'file';
    return $agent->start($sent)->result->code;
  },
  'Furl' => sub {
    require Furl;
    open(my $file, '<:raw', $path) or die "$path: $!";
    my $body = $kind eq 'file' ? $file : content();
    my $response = Furl->new->request(method => $method, url => $url, content => $body);
    return $response->code;
  },
  'REST::Client' => sub {
    require REST::Client;
    my $client = REST::Client->new;
    $client->request($method, $url, content());
    return $client->responseCode;
  },
  'Net::Async::HTTP' => sub {
    require IO::Async::Loop;
    require Net::Async::HTTP;
    require HTTP::Request;
    my $client = Net::Async::HTTP->new;
    IO::Async::Loop->new->add($client);
    my $request = HTTP::Request->new($method, $url, [], content());
    my $response = $client->do_request(request => $request)->get;
    return $response->code;
  },
  'AnyEvent::HTTP' => sub {
    require AnyEvent;
    require AnyEvent::HTTP;
    my $done = AnyEvent->condvar;
    AnyEvent::HTTP::http_request($method, $url, body => content(), sub { $done->send($_[1]{Status}) });
    return $done->recv;
  },
);

my $status = eval { $libraries{$library}->() };
if (my $error = $@) {
  $error =~ s/\s+/ /g;
  print "error $error\n";
}
else {
  print "status $status\n";
}

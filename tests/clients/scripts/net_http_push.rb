# Sends a request with Net::HTTP and prints the answer's status: METHOD URL [BODY].
require "net/http"

method, url, body = ARGV
uri = URI(url)
response = Net::HTTP.start(uri.host, uri.port) do |http|
  http.send_request(method, uri.request_uri, body)
end
puts response.code

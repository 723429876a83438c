# Pushes once with a library: LIBRARY METHOD URL BODY FILE [follow]. BODY says how the content of
# FILE is given to the library. Prints the status or the error that its caller sees.

LIBRARY, METHOD, URL, KIND, PATH, FOLLOW = ARGV

# A pipe cannot be read twice, and tells no length.
def pipe
  reader, writer = IO.pipe
  writer.write(File.binread(PATH))
  writer.close
  reader
end

def body
  case KIND
  when "text" then File.read(PATH)
  when "file" then File.open(PATH, "rb")
  else pipe
  end
end

LIBRARIES = {
  "Net::HTTP" => lambda {
    require "net/http"
    uri = URI(URL)
    request = (METHOD == "PUT" ? Net::HTTP::Put : Net::HTTP::Post).new(uri)
    if KIND == "text"
      request.body = body
    else
      request.body_stream = body
      KIND == "file" ? request.content_length = File.size(PATH) : request["Transfer-Encoding"] = "chunked"
    end
    Net::HTTP.start(uri.host, uri.port) { |http| http.request(request) }.code
  },
  "Faraday" => lambda {
    require "faraday"
    Faraday.run_request(METHOD.downcase.to_sym, URL, body, nil).status
  },
  "HTTParty" => lambda {
    require "httparty"
    options = KIND == "text" ? { body: body } : { body_stream: body, headers: { "Transfer-Encoding" => "chunked" } }
    HTTParty.send(METHOD.downcase, URL, options).code
  },
  "RestClient" => lambda {
    require "rest-client"
    RestClient::Request.execute(method: METHOD.downcase.to_sym, url: URL, payload: body).code
  },
  "HTTP.rb" => lambda {
    require "http"
    (FOLLOW ? HTTP.follow : HTTP).request(METHOD.downcase.to_sym, URL, body: body).status.code
  },
  "Typhoeus" => lambda {
    require "typhoeus"
    options = FOLLOW ? { followlocation: true } : {}
    Typhoeus::Request.new(URL, method: METHOD.downcase.to_sym, body: body, **options).run.code
  },
  "Excon" => lambda {
    require "excon"
    options = FOLLOW ? { middlewares: Excon.defaults[:middlewares] + [Excon::Middleware::RedirectFollower] } : {}
    Excon.new(URL).request(method: METHOD, body: body, **options).status
  },
  "HTTPClient" => lambda {
    require "httpclient"
    options = FOLLOW ? { follow_redirect: true } : {}
    HTTPClient.new.request(METHOD, URL, body: body, **options).status
  },
  "HTTPX" => lambda {
    require "httpx"
    response = (FOLLOW ? HTTPX.plugin(:follow_redirects) : HTTPX).request(METHOD, URL, body: body)
    raise response.error if response.is_a?(HTTPX::ErrorResponse)

    response.status
  },
}

begin
  puts "status #{LIBRARIES.fetch(LIBRARY).call}"
rescue StandardError => error
  puts "error #{error.class}: #{error.message.split.join(" ")}"
end

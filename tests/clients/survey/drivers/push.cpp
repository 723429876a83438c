// Pushes once with a library: LIBRARY METHOD URL BODY FILE [follow]. Prints the status or the error that
// its caller sees.
#include <cpprest/http_client.h>
#include <curl/curl.h>
#include <httplib.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <prometheus/gateway.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

struct Push {
  std::string method, host, port, path, url, text;
  bool follow;
};

static size_t drop(char *, size_t size, size_t count, void *) { return size * count; }

static long with_libcurl(const Push &push) {
  CURL *curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, push.url.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, push.text.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, push.method.c_str());
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, push.follow ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
  CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(curl);
  return status;
}

static long with_httplib(const Push &push) {
  httplib::Client client(push.host, std::stoi(push.port));
  client.set_follow_location(push.follow);
  auto result = push.method == "PUT" ? client.Put(push.path.c_str(), push.text, "text/plain")
                                     : client.Post(push.path.c_str(), push.text, "text/plain");
  if (!result) throw std::runtime_error(httplib::to_string(result.error()));
  return result->status;
}

static long with_cpprest(const Push &push) {
  web::http::client::http_client client(push.url);
  return client.request(push.method, "", push.text, "text/plain").get().status_code();
}

static long with_poco(const Push &push) {
  Poco::Net::HTTPClientSession session(push.host, std::stoi(push.port));
  Poco::Net::HTTPRequest request(push.method, push.path, "HTTP/1.1");
  request.setContentLength(push.text.size());
  session.sendRequest(request) << push.text;
  Poco::Net::HTTPResponse response;
  session.receiveResponse(response);
  return response.getStatus();
}

static long with_prometheus_cpp(const Push &push) {
  prometheus::Gateway gateway{push.host, push.port, "survey"};
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildGauge().Name("pushed").Help("Pushed by a test.").Register(*registry).Add({}).Set(1);
  gateway.RegisterCollectable(registry);
  return push.method == "PUT" ? gateway.Push() : gateway.PushAdd();
}

int main(int, char **args) {
  Push push;
  push.method = args[2];
  push.url = args[3];
  push.follow = args[6] != nullptr;
  std::string rest = push.url.substr(std::string("http://").size());
  push.host = rest.substr(0, rest.find(':'));
  push.port = rest.substr(rest.find(':') + 1, rest.find('/') - rest.find(':') - 1);
  push.path = rest.substr(rest.find('/'));
  std::ifstream file(args[5]);
  std::stringstream text;
  text << file.rdbuf();
  push.text = text.str();

  const std::map<std::string, std::function<long(const Push &)>> libraries = {
      {"libcurl", with_libcurl}, {"cpp-httplib", with_httplib},       {"cpprest", with_cpprest},
      {"poco", with_poco},       {"prometheus-cpp", with_prometheus_cpp},
  };
  try {
    std::cout << "status " << libraries.at(args[1])(push) << std::endl;
  } catch (const std::exception &error) {
    std::cout << "error " << error.what() << std::endl;
  }
}

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/**
 * Sends a request with HttpClient and prints the answer's status: METHOD URL [BODY].
 *
 * The default one offers an upgrade to HTTP/2; with -Dhttp1=true it speaks HTTP/1.1 alone.
 */
public class HttpClientPush {
  public static void main(String[] args) throws Exception {
    var builder = HttpClient.newBuilder();
    if (Boolean.getBoolean("http1")) builder.version(HttpClient.Version.HTTP_1_1);
    var body = args.length > 2 ? BodyPublishers.ofString(args[2]) : BodyPublishers.noBody();
    var request = HttpRequest.newBuilder(URI.create(args[1])).method(args[0], body).build();
    var response = builder.build().send(request, BodyHandlers.ofString());
    System.out.println(response.statusCode());
  }
}

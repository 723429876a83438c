import java.io.ByteArrayInputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Pushes once with what Java has of itself: LIBRARY METHOD URL BODY FILE [follow]. BODY says how the
 * content of FILE is given to it. Prints the status or the error that its caller sees.
 */
public class Push {
  public static void main(String[] args) {
    var file = Path.of(args[4]);
    try {
      var url = URI.create(args[2]);
      var status = args[0].equals("HttpClient")
          ? withHttpClient(args[1], url, publisher(args[3], file), args.length > 5)
          : withUrlConnection(args[1], url, args[3], Files.readAllBytes(file));
      System.out.println("status " + status);
    } catch (Exception error) {
      System.out.println("error " + error.getClass().getSimpleName() + ": " + error.getMessage());
    }
  }

  static BodyPublisher publisher(String kind, Path file) throws Exception {
    var bytes = Files.readAllBytes(file);
    switch (kind) {
      case "text": return BodyPublishers.ofString(new String(bytes));
      case "bytes": return BodyPublishers.ofByteArray(bytes);
      case "file": return BodyPublishers.ofFile(file);
      default: return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes));
    }
  }

  static int withHttpClient(String method, URI url, BodyPublisher body, boolean follow)
      throws Exception {
    var builder = HttpClient.newBuilder();
    if (follow) builder.followRedirects(HttpClient.Redirect.NORMAL);
    var request = HttpRequest.newBuilder(url).method(method, body).build();
    return builder.build().send(request, BodyHandlers.ofString()).statusCode();
  }

  static int withUrlConnection(String method, URI url, String kind, byte[] body) throws Exception {
    var connection = (HttpURLConnection) url.toURL().openConnection();
    connection.setRequestMethod(method);
    connection.setDoOutput(true);
    if (kind.equals("file")) connection.setFixedLengthStreamingMode(body.length);
    if (kind.equals("stream")) connection.setChunkedStreamingMode(0);
    try (var output = connection.getOutputStream()) {
      output.write(body);
    }
    return connection.getResponseCode();
  }
}

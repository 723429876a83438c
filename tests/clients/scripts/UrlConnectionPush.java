import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;

/** Sends a request with HttpURLConnection and prints the answer's status: METHOD URL [BODY]. */
public class UrlConnectionPush {
  public static void main(String[] args) throws Exception {
    var connection = (HttpURLConnection) new URL(args[1]).openConnection();
    connection.setRequestMethod(args[0]);
    if (args.length > 2) {
      connection.setDoOutput(true);
      try (var output = connection.getOutputStream()) {
        output.write(args[2].getBytes(StandardCharsets.UTF_8));
      }
    }
    System.out.println(connection.getResponseCode());
  }
}

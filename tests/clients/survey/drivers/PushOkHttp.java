import java.nio.file.Files;
import java.nio.file.Path;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;

/** Pushes once with OkHttp, as Push does with Java's own clients. */
public class PushOkHttp {
  public static void main(String[] args) {
    try {
      var path = Path.of(args[4]);
      var type = MediaType.parse("text/plain");
      RequestBody body;
      switch (args[3]) {
        case "text": body = RequestBody.create(type, Files.readString(path)); break;
        case "bytes": body = RequestBody.create(type, Files.readAllBytes(path)); break;
        default: body = RequestBody.create(type, path.toFile());
      }
      var request = new Request.Builder().url(args[2]).method(args[1], body).build();
      try (var response = new OkHttpClient().newCall(request).execute()) {
        System.out.println("status " + response.code());
      }
    } catch (Exception error) {
      System.out.println("error " + error.getClass().getSimpleName() + ": " + error.getMessage());
    }
    System.exit(0);
  }
}

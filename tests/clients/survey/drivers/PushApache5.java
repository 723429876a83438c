import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.FileEntity;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;
import org.apache.hc.core5.http.io.entity.StringEntity;
import java.net.URI;

/** Pushes once with Apache HttpClient 5, as Push does with Java's own clients. */
public class PushApache5 {
  public static void main(String[] args) {
    try (var client = HttpClients.createDefault()) {
      var path = Path.of(args[4]);
      var type = ContentType.TEXT_PLAIN;
      var request = new HttpUriRequestBase(args[1], URI.create(args[2]));
      switch (args[3]) {
        case "text": request.setEntity(new StringEntity(Files.readString(path))); break;
        case "bytes": request.setEntity(new ByteArrayEntity(Files.readAllBytes(path), type)); break;
        case "file": request.setEntity(new FileEntity(path.toFile(), type)); break;
        default: request.setEntity(new InputStreamEntity(Files.newInputStream(path), type));
      }
      System.out.println("status " + client.execute(request, response -> response.getCode()));
    } catch (Exception error) {
      System.out.println("error " + error.getClass().getSimpleName() + ": " + error.getMessage());
    }
  }
}

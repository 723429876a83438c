import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.http.client.methods.RequestBuilder;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.entity.FileEntity;
import org.apache.http.entity.InputStreamEntity;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.HttpClients;

/** Pushes once with Apache HttpClient 4, as Push does with Java's own clients. */
public class PushApache4 {
  public static void main(String[] args) {
    try (var client = HttpClients.createDefault()) {
      var path = Path.of(args[4]);
      var request = RequestBuilder.create(args[1]).setUri(args[2]);
      switch (args[3]) {
        case "text": request.setEntity(new StringEntity(Files.readString(path))); break;
        case "bytes": request.setEntity(new ByteArrayEntity(Files.readAllBytes(path))); break;
        case "file": request.setEntity(new FileEntity(path.toFile())); break;
        default: request.setEntity(new InputStreamEntity(Files.newInputStream(path)));
      }
      try (var response = client.execute(request.build())) {
        System.out.println("status " + response.getStatusLine().getStatusCode());
      }
    } catch (Exception error) {
      System.out.println("error " + error.getClass().getSimpleName() + ": " + error.getMessage());
    }
  }
}

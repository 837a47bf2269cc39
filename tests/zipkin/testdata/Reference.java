import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import zipkin2.codec.SpanBytesDecoder;
import zipkin2.internal.DependencyLinker;

/** Prints the links of each line's trace: "caller>callee calls/errors", sorted. */
public class Reference {
  public static void main(String[] args) throws Exception {
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      var spans = SpanBytesDecoder.JSON_V2.decodeList(line.getBytes(StandardCharsets.UTF_8));
      var links = new TreeSet<String>();
      for (var link : new DependencyLinker().putTrace(spans).link()) {
        links.add(link.parent() + ">" + link.child() + " " + link.callCount() + "/" + link.errorCount());
      }
      System.out.println(String.join(", ", links));
    }
  }
}

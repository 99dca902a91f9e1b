import java.io.InputStream;
import java.net.Socket;

/** Computes, sleeps, waits for a lock or reads from a slow server, as the first argument says. */
public class Work {
    static volatile double sum;

    static void compute(int steps) {
        for (int i = 0; i < steps; i++) {
            sum += i;
        }
    }

    public static void main(String[] words) throws Exception {
        System.out.println(ProcessHandle.current().pid());
        System.out.flush();
        switch (words[0]) {
            case "compute" -> {
                while (true) {
                    compute(100_000);
                }
            }
            case "sleep" -> {
                while (true) {
                    Thread.sleep(5);
                    compute(20_000);
                }
            }
            case "lock" -> {
                Object lock = new Object();
                synchronized (lock) {
                    lock.wait();
                }
            }
            default -> {
                while (true) {
                    try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(words[1]))) {
                        socket.getOutputStream().write("GET /stream HTTP/1.1\r\n\r\n".getBytes());
                        InputStream input = socket.getInputStream();
                        while (input.read(new byte[4096]) > 0) {
                            compute(10_000);
                        }
                    }
                }
            }
        }
    }
}

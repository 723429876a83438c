<?php
// Pushes once with a library: LIBRARY METHOD URL BODY FILE [follow]. BODY says how the content of
// FILE is given to the library. Prints the status or the error that its caller sees.

[, $library, $method, $url, $kind, $path] = $argv;
$follow = isset($argv[6]);
$size = filesize($path);
// A generator gives its content once, and tells no length.
$body = match ($kind) {
    'text' => file_get_contents($path),
    'file' => fopen($path, 'rb'),
    'stream' => (fn() => yield file_get_contents($path))(),
};

$libraries = [
    'streams' => function () use ($method, $url, $body) {
        $http = ['method' => $method, 'content' => $body, 'header' => 'Content-Type: text/plain'];
        if (file_get_contents($url, false, stream_context_create(['http' => $http])) === false) {
            throw new Exception(error_get_last()['message']);
        }
        return 'none';
    },
    'curl' => function () use ($method, $url, $kind, $body, $size, $follow) {
        $data = $kind === 'file'
            ? [CURLOPT_UPLOAD => true, CURLOPT_INFILE => $body, CURLOPT_INFILESIZE => $size]
            : [CURLOPT_POSTFIELDS => $body];
        $curl = curl_init($url);
        curl_setopt_array($curl, $data + [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_FOLLOWLOCATION => $follow,
            CURLOPT_RETURNTRANSFER => true,
        ]);
        if (curl_exec($curl) === false) {
            throw new Exception(curl_error($curl));
        }
        return curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    },
    'guzzle' => function () use ($method, $url, $body) {
        require '/usr/share/php/GuzzleHttp/autoload.php';
        return (new GuzzleHttp\Client())->request($method, $url, ['body' => $body])->getStatusCode();
    },
    'symfony' => function () use ($method, $url, $body) {
        require '/usr/share/php/Symfony/Component/HttpClient/autoload.php';
        $client = Symfony\Component\HttpClient\HttpClient::create();
        return $client->request($method, $url, ['body' => $body])->getStatusCode();
    },
    'symfony-native' => function () use ($method, $url, $body) {
        require '/usr/share/php/Symfony/Component/HttpClient/autoload.php';
        $client = new Symfony\Component\HttpClient\NativeHttpClient();
        return $client->request($method, $url, ['body' => $body])->getStatusCode();
    },
];

try {
    $status = $libraries[$library]();
    echo "status $status\n";
} catch (Throwable $error) {
    echo 'error ', get_class($error), ': ', preg_replace('/\s+/', ' ', $error->getMessage()), "\n";
}

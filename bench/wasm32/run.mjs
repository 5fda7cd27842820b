// Runs programs on MicroPython with 32-bit words, each in an interpreter of its own: node run.mjs <JOBS >RESULTS
//
// Standard input: a JSON list of {files: {path: content in base64}, steps: [code]}. Standard output: for each job a line of JSON,
// {output} or {output, error}.
import { readFileSync } from "node:fs";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

const HEAP = 2 * 1024 * 1024;

function write(FS, path, content) {
    const parts = path.split("/");
    for (let i = 2; i < parts.length; i++) {
        const folder = parts.slice(0, i).join("/");
        if (!FS.analyzePath(folder).exists) FS.mkdir(folder);
    }
    FS.writeFile(path, Buffer.from(content, "base64"));
}

for (const { files, steps } of JSON.parse(readFileSync(0))) {
    const lines = [];
    const python = await loadMicroPython({
        heapsize: HEAP,
        linebuffer: true,
        stdout: (line) => lines.push(line),
    });
    for (const [path, content] of Object.entries(files)) write(python.FS, path, content);
    const result = {};
    try {
        for (const step of steps) python.runPython(step);
    } catch (error) {
        result.error = String(error);
    }
    result.output = lines.join("\n");
    console.log(JSON.stringify(result));
}

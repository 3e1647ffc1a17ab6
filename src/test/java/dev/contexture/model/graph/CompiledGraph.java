package dev.contexture.model.graph;

import static java.util.Objects.requireNonNull;

import dev.contexture.model.graph.onnx.AttributeProto;
import dev.contexture.model.graph.onnx.GraphProto;
import dev.contexture.model.graph.onnx.ModelProto;
import dev.contexture.model.graph.onnx.NodeProto;
import dev.contexture.model.graph.onnx.StringStringEntryProto;
import dev.contexture.model.graph.onnx.TensorProto;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/** A graph file as a test reads it, its weights from the file beside it. */
record CompiledGraph(Path path, GraphProto proto) {
    static CompiledGraph read(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return new CompiledGraph(path, ModelProto.parseFrom(in).getGraph());
        }
    }

    NodeProto node(String name) {
        return proto.getNodeList().stream()
                .filter(node -> node.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the graph has no node " + name));
    }

    static Map<String, Long> attributes(NodeProto node) {
        return node.getAttributeList().stream()
                .collect(Collectors.toMap(AttributeProto::getName, AttributeProto::getI));
    }

    TensorProto initializer(String name) {
        return proto.getInitializerList().stream()
                .filter(each -> each.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the graph has no initializer " + name));
    }

    /** An external initializer's bytes. */
    ByteBuffer bytes(String name) throws IOException {
        Map<String, String> place = initializer(name).getExternalDataList().stream()
                .collect(Collectors.toMap(StringStringEntryProto::getKey, StringStringEntryProto::getValue));
        ByteBuffer bytes = ByteBuffer.allocate(Integer.parseInt(requireNonNull(place.get("length"))))
                .order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel file = FileChannel.open(path.resolveSibling(requireNonNull(place.get("location"))))) {
            long at = Long.parseLong(requireNonNull(place.get("offset")));
            while (bytes.hasRemaining() && file.read(bytes, at + bytes.position()) >= 0) {
                // until all is there
            }
        }
        return bytes.flip();
    }
}

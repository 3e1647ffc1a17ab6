package dev.contexture.core;

import java.util.List;

/**
 * What rows attend to, list by list: for each row, layer group and KV head some positions, and the share of the head's attention that
 * they hold. The lists lie in host memory or where a device wants them.
 */
public sealed interface Selection permits SelectionMatrix, DeviceSelection {
    int rows();

    /** Whether nothing could be selected for a row; else every list holds its own position at least. */
    boolean isEmpty(int row);

    /** Mean selected mass of a row over groups and KV heads. */
    double meanMass(int row);

    /** One row as a selection of its own. */
    Selection row(int row);

    /** The same with its lists in host memory. */
    SelectionMatrix onHost();

    /**
     * Rows of several selections of one shape as one, on a device if all of them are.
     *
     * @param parts at least one
     */
    static Selection joined(List<Selection> parts) {
        List<DeviceSelection> onDevice = parts.stream()
                .filter(DeviceSelection.class::isInstance)
                .map(DeviceSelection.class::cast)
                .toList();
        return onDevice.size() == parts.size()
                ? DeviceSelection.joined(onDevice)
                : SelectionMatrix.joined(parts.stream().map(Selection::onHost).toList());
    }
}

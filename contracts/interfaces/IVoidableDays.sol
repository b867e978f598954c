// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What a challenger needs of the index: a network names the contract that may void its attested days.
interface IVoidableDays {
    /// @notice Reopens an attested day that is not final yet, and drops what was attested of the network after it.
    /// @dev Only the network's challenger may. The voided report is never accepted again.
    function voidDay(uint32 network, uint24 day) external;

    /// @notice The report's `poolRowsRoot`; 0 when the day has no attested report, or one without rows.
    function attestedRootOf(uint32 network, uint24 day) external view returns (bytes32);
}

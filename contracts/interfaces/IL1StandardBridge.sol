// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The part of Optimism's L1StandardBridge that a forwarder uses.
interface IL1StandardBridge {
    function bridgeERC20To(
        address localToken,
        address remoteToken,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external;

    function bridgeETHTo(address to, uint32 minGasLimit, bytes calldata extraData) external payable;
}

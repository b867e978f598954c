// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IL1StandardBridge} from "../interfaces/IL1StandardBridge.sol";
import {IPayoutForwarder} from "../interfaces/IPayoutForwarder.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title PayoutForwarder
/// @dev Not a proxy, although one would be cheaper to deploy: a proxy's delegatecall does not fit into the 2,300 gas
///      that many payers send along, and their ether would bounce once the forwarder is deployed.
contract PayoutForwarder is IPayoutForwarder {
    using SafeERC20 for IERC20;

    /// @inheritdoc IPayoutForwarder
    address public immutable FACTORY;

    /// @inheritdoc IPayoutForwarder
    address public immutable BRIDGE;

    /// @inheritdoc IPayoutForwarder
    address public immutable RECIPIENT;

    constructor(address bridge_, address recipient_) {
        FACTORY = msg.sender;
        BRIDGE = bridge_;
        RECIPIENT = recipient_;
    }

    /// @inheritdoc IPayoutForwarder
    receive() external payable {}

    /// @inheritdoc IPayoutForwarder
    function forwardToken(address l1Token, address l2Token, uint32 minGasLimit)
        external
        returns (uint256 amount)
    {
        require(msg.sender == FACTORY, NotFactory(msg.sender, FACTORY));

        amount = IERC20(l1Token).balanceOf(address(this));
        IERC20(l1Token).forceApprove(BRIDGE, amount);
        IL1StandardBridge(BRIDGE).bridgeERC20To(l1Token, l2Token, RECIPIENT, amount, minGasLimit, "");
    }

    /// @inheritdoc IPayoutForwarder
    function forwardEther(uint32 minGasLimit) external returns (uint256 amount) {
        require(msg.sender == FACTORY, NotFactory(msg.sender, FACTORY));

        amount = address(this).balance;
        IL1StandardBridge(BRIDGE).bridgeETHTo{value: amount}(RECIPIENT, minGasLimit, "");
    }
}

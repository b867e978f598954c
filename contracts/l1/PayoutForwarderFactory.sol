// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPayoutForwarder} from "../interfaces/IPayoutForwarder.sol";
import {IPayoutForwarderFactory} from "../interfaces/IPayoutForwarderFactory.sol";
import {PayoutForwarder} from "./PayoutForwarder.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

/// @title PayoutForwarderFactory
contract PayoutForwarderFactory is IPayoutForwarderFactory {
    /// @dev What the bridge's message may use on L2: minting a token, or handing ether to a contract.
    uint32 private constant MIN_GAS_LIMIT = 200_000;
    bytes32 private constant SALT = 0;

    /// @inheritdoc IPayoutForwarderFactory
    address public immutable BRIDGE;

    /// @inheritdoc IPayoutForwarderFactory
    mapping(address l1Token => address l2Token) public l2TokenOf;

    constructor(address bridge_, TokenPair[] memory pairs_) {
        require(bridge_.code.length > 0, BridgeHasNoCode(bridge_));

        BRIDGE = bridge_;
        for (uint256 i = 0; i < pairs_.length; i++) {
            TokenPair memory pair = pairs_[i];
            require(pair.l1Token != address(0) && pair.l2Token != address(0), ZeroToken());
            require(l2TokenOf[pair.l1Token] == address(0), DuplicateToken(pair.l1Token));
            l2TokenOf[pair.l1Token] = pair.l2Token;
        }
    }

    /// @inheritdoc IPayoutForwarderFactory
    function sweep(address recipient, address l1Token) external returns (uint256 amount) {
        address l2Token = l2TokenOf[l1Token];
        require(l2Token != address(0), TokenNotPaired(l1Token));
        address forwarder = forwarderOf(recipient);
        require(IERC20(l1Token).balanceOf(forwarder) > 0, NothingToSweep(forwarder));

        amount = _deployed(recipient, forwarder).forwardToken(l1Token, l2Token, MIN_GAS_LIMIT);

        emit Swept(recipient, l1Token, amount);
    }

    /// @inheritdoc IPayoutForwarderFactory
    function sweepEther(address recipient) external returns (uint256 amount) {
        address forwarder = forwarderOf(recipient);
        require(forwarder.balance > 0, NothingToSweep(forwarder));

        amount = _deployed(recipient, forwarder).forwardEther(MIN_GAS_LIMIT);

        emit EtherSwept(recipient, amount);
    }

    /// @inheritdoc IPayoutForwarderFactory
    function forwarderOf(address recipient) public view returns (address) {
        require(recipient != address(0), ZeroRecipient());
        return Create2.computeAddress(SALT, keccak256(_creationCode(recipient)));
    }

    function _deployed(address recipient, address forwarder) private returns (IPayoutForwarder) {
        if (forwarder.code.length == 0) {
            Create2.deploy(0, SALT, _creationCode(recipient));

            emit ForwarderDeployed(recipient, forwarder);
        }
        return IPayoutForwarder(payable(forwarder));
    }

    function _creationCode(address recipient) private view returns (bytes memory) {
        return abi.encodePacked(type(PayoutForwarder).creationCode, abi.encode(BRIDGE, recipient));
    }
}

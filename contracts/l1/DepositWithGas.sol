// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDepositWithGas} from "../interfaces/IDepositWithGas.sol";
import {IL1StandardBridge} from "../interfaces/IL1StandardBridge.sol";
import {IPayoutForwarderFactory} from "../interfaces/IPayoutForwarderFactory.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title DepositWithGas
/// @dev Ether goes over the bridge too and not straight to the portal, which would be cheaper: there it would belong to this contract's alias on
///      L2 if the recipient refused it, and be lost. Ether goes first, so that nobody has coins and waits for gas.
///
///      Why there is no lock: there is no state to be caught half-way, only the caller's own coins are moved, and what is checked are
///      differences around each move. A token that calls back nests a whole deposit in another; both differences hold, or all is undone.
///      What was sent here by mistake stays: it is in no difference, so nobody can take it along.
contract DepositWithGas is IDepositWithGas {
    using SafeERC20 for IERC20;

    /// @dev What a message may use on L2: minting a token, or handing ether to a contract. As the forwarders' is.
    uint32 private constant MIN_GAS_LIMIT = 200_000;

    /// @inheritdoc IDepositWithGas
    address public immutable PAIRS;

    /// @inheritdoc IDepositWithGas
    address public immutable BRIDGE;

    constructor(address factory_) {
        require(factory_.code.length > 0, FactoryHasNoCode(factory_));

        PAIRS = factory_;
        BRIDGE = IPayoutForwarderFactory(factory_).BRIDGE();
    }

    /// @inheritdoc IDepositWithGas
    function deposit(address l1Token, address recipient, uint256 amount) external payable {
        _deposit(l1Token, _l2TokenOf(l1Token), recipient, amount);
    }

    /// @inheritdoc IDepositWithGas
    function depositWithPermit(address l1Token, address recipient, uint256 amount, Permit calldata permit)
        external
        payable
    {
        // Looked up first: nothing but the tokens of the pairs is ever called from here.
        address l2Token = _l2TokenOf(l1Token);
        // Whoever saw the signature may have brought it first. What counts is the allowance, and only the caller's own.
        try IERC20Permit(l1Token)
            .permit(msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s) {}
            catch {}
        _deposit(l1Token, l2Token, recipient, amount);
    }

    function _deposit(address l1Token, address l2Token, address recipient, uint256 amount) private {
        require(recipient != address(0), ZeroRecipient());
        require(amount > 0, ZeroAmount());
        require(msg.value > 0, NoEther());

        emit DepositedWithGas(msg.sender, recipient, l1Token, amount, msg.value);

        IL1StandardBridge(BRIDGE).bridgeETHTo{value: msg.value}(recipient, MIN_GAS_LIMIT, "");
        _take(l1Token, amount);
        _bridge(l1Token, l2Token, recipient, amount);
    }

    /// @dev A token that keeps a fee, or says that it moved and did not, is refused: the bridge would mint what it did not get.
    function _take(address l1Token, uint256 amount) private {
        uint256 before = IERC20(l1Token).balanceOf(address(this));
        IERC20(l1Token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = IERC20(l1Token).balanceOf(address(this)) - before;
        require(arrived == amount, NotAllArrived(l1Token, arrived, amount));
    }

    function _bridge(address l1Token, address l2Token, address recipient, uint256 amount) private {
        uint256 before = IERC20(l1Token).balanceOf(BRIDGE);
        IERC20(l1Token).forceApprove(BRIDGE, amount);
        IL1StandardBridge(BRIDGE).bridgeERC20To(l1Token, l2Token, recipient, amount, MIN_GAS_LIMIT, "");
        uint256 bridged = IERC20(l1Token).balanceOf(BRIDGE) - before;
        require(bridged == amount, NotAllBridged(l1Token, bridged, amount));
        // Tokens that take an allowance of everything for an endless one leave it standing.
        if (IERC20(l1Token).allowance(address(this), BRIDGE) != 0) IERC20(l1Token).forceApprove(BRIDGE, 0);
    }

    function _l2TokenOf(address l1Token) private view returns (address l2Token) {
        l2Token = IPayoutForwarderFactory(PAIRS).l2TokenOf(l1Token);
        require(l2Token != address(0), TokenNotPaired(l1Token));
    }
}

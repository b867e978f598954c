// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFacade} from "../../../contracts/interfaces/IFacade.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice What a stranger can build, who knows the ledger by its interface alone: lends the reward token against a position,
///         up to what the position will pay for certain.
/// @dev The certain part of a position never falls: `boundsOf(id).least` grows with every day that becomes known, and at
///      maturity it is what is paid. The fee is taken at the start and debts do not grow. So a debt is covered when it
///      is made and for ever after: there is no price, no liquidation before maturity and no bad debt.
///      An example only: it assumes a reward token without surprises.
contract LendingMarket {
    using SafeERC20 for IERC20;

    struct Loan {
        uint128 quantity;
        uint256 debt;
    }

    error NotFacadeOfLedger(address facade);
    error NotCovered(uint256 debt, uint256 certain);
    error NotEnoughIdle(uint256 wanted, uint256 idle);

    uint256 private constant FEE_BPS = 100;
    uint256 private constant BPS = 10_000;
    uint256 private constant VALUE_SCALE = 1e36;

    ILedger public immutable LEDGER;
    IFacade public immutable COLLATERAL;
    BoxId public immutable ID;
    IERC20 public immutable CASH;

    uint256 public idle;
    uint256 public lent;
    uint256 public totalShares;
    mapping(address lender => uint256) public sharesOf;
    mapping(address borrower => Loan) public loanOf;

    /// @dev A facade is believed only where the ledger knows it.
    constructor(ILedger ledger_, IFacade facade_) {
        BoxId id = facade_.id();
        require(
            ledger_.facadeOf(id) == address(facade_) && ledger_.hasFacade(id),
            NotFacadeOfLedger(address(facade_))
        );
        (LEDGER, COLLATERAL, ID) = (ledger_, facade_, id);
        CASH = IERC20(ledger_.termsOf(id.index()).token);
    }

    /* LENDERS */

    function supply(uint256 amount) external returns (uint256 shares) {
        shares = totalShares == 0 ? amount : Math.mulDiv(amount, totalShares, idle + lent);
        idle += amount;
        totalShares += shares;
        sharesOf[msg.sender] += shares;

        CASH.safeTransferFrom(msg.sender, address(this), amount);
    }

    function leave(uint256 shares) external returns (uint256 amount) {
        amount = Math.mulDiv(shares, idle + lent, totalShares);
        _spend(amount);
        totalShares -= shares;
        sharesOf[msg.sender] -= shares;

        CASH.safeTransfer(msg.sender, amount);
    }

    /* COLLATERAL */

    function deposit(uint128 quantity) external {
        loanOf[msg.sender].quantity += quantity;

        IERC20(address(COLLATERAL)).safeTransferFrom(msg.sender, address(this), quantity);
    }

    function withdraw(uint128 quantity) external {
        _release(quantity);

        IERC20(address(COLLATERAL)).safeTransfer(msg.sender, quantity);
    }

    /// @notice Takes the two parts of a cut and puts them together.
    function depositParts(ILedger.Axis axis, uint64 at, uint128 quantity) external {
        loanOf[msg.sender].quantity += quantity;

        (BoxId first, BoxId second) = LEDGER.partsOf(ID, axis, at);
        LEDGER.transferFrom(msg.sender, address(this), BoxId.unwrap(first), quantity);
        LEDGER.transferFrom(msg.sender, address(this), BoxId.unwrap(second), quantity);
        LEDGER.join(ID, axis, at, quantity);
    }

    /// @notice Cuts collateral that is not needed and gives out both parts.
    function withdrawParts(ILedger.Axis axis, uint64 at, uint128 quantity) external {
        _release(quantity);

        (BoxId first, BoxId second) = LEDGER.split(ID, axis, at, quantity);
        LEDGER.transfer(msg.sender, BoxId.unwrap(first), quantity);
        LEDGER.transfer(msg.sender, BoxId.unwrap(second), quantity);
    }

    /* LOANS */

    /// @return received The amount less the fee; the debt is the amount.
    function borrow(uint256 amount) external returns (uint256 received) {
        Loan storage loan = loanOf[msg.sender];
        loan.debt += amount;
        _requireCovered(loan);
        received = amount - Math.mulDiv(amount, FEE_BPS, BPS, Math.Rounding.Ceil);
        _spend(received);
        lent += amount;

        CASH.safeTransfer(msg.sender, received);
    }

    function repay(address borrower, uint256 amount) external {
        loanOf[borrower].debt -= amount;
        (idle, lent) = (idle + amount, lent - amount);

        CASH.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Cashes in what the caller's collateral has earned for certain, pays the debt with it, and gives him the rest of
    ///         the cash and of the position.
    function cashIn(uint24 until) external returns (uint256 surplus, BoxId rest) {
        uint128 quantity = loanOf[msg.sender].quantity;
        uint256 cash;
        (cash, rest) = LEDGER.realise(ID, until, quantity, address(this));
        surplus = _settle(msg.sender, cash);
        if (BoxId.unwrap(rest) != 0) LEDGER.transfer(msg.sender, BoxId.unwrap(rest), quantity);
    }

    /// @notice At maturity anybody may redeem a borrower's collateral: the debt is paid, the borrower gets what is left.
    function close(address borrower) external returns (uint256 surplus) {
        return _settle(borrower, LEDGER.redeem(ID, loanOf[borrower].quantity, address(this)));
    }

    /// @notice What may be owed on a quantity.
    function certainOf(uint128 quantity) public view returns (uint256) {
        (uint256 least,) = LEDGER.boundsOf(ID);
        return Math.mulDiv(quantity, least, VALUE_SCALE);
    }

    /* INTERNALS */

    function _release(uint128 quantity) private {
        Loan storage loan = loanOf[msg.sender];
        loan.quantity -= quantity;
        _requireCovered(loan);
    }

    function _requireCovered(Loan storage loan) private view {
        uint256 certain = certainOf(loan.quantity);
        require(loan.debt <= certain, NotCovered(loan.debt, certain));
    }

    function _settle(address borrower, uint256 cash) private returns (uint256 surplus) {
        uint256 debt = loanOf[borrower].debt;
        require(debt <= cash, NotCovered(debt, cash));
        surplus = cash - debt;
        delete loanOf[borrower];
        (idle, lent) = (idle + debt, lent - debt);

        CASH.safeTransfer(borrower, surplus);
    }

    function _spend(uint256 amount) private {
        require(amount <= idle, NotEnoughIdle(amount, idle));
        idle -= amount;
    }
}

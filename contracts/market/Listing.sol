// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IListing} from "../interfaces/IListing.sol";
import {INonfungiblePositionManager} from "../interfaces/INonfungiblePositionManager.sol";
import {IUniswapV3Factory} from "../interfaces/IUniswapV3Factory.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";
import {PoolPrice} from "../libraries/PoolPrice.sol";
import {BoxId} from "../types/BoxId.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Listing
/// @dev LONG and SHORT together are worth the width W, so one pool, LONG against cash, trades both: with R what the pool
///      pays for q LONG and K what it asks for them,
///
///          buy q SHORT    pool → R,  buyer → W·q − R,  ledger takes W·q:  LONG → pool,  SHORT → buyer
///          sell q SHORT   pool → q LONG,  seller → q SHORT,  ledger gives W·q:  K → pool,  W·q − K → seller
///
///      A pool hands out before it is paid, and calls back to be paid; all of the above happens inside that callback, so
///      nobody lends anything. The LONG goes from the ledger straight to the pool.
///
///      Every amount that leaves is one that came in with the same call; balances are never read. So tokens of one
///      caller cannot reach another even when the reward token calls back, and what somebody sends here by mistake stays.
///
///      Assumes that the factory's pools are Uniswap's, which their addresses prove: they commit to the code. A reward
///      token that moves less than it says makes calls fail for its own indices.
contract Listing is IListing, Multicall {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using SafeCast for int256;

    /// @dev Of the creation code of a Uniswap v3 pool, to which its address commits.
    bytes32 private constant POOL_CODE_HASH =
        0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54;

    ILedger private immutable LEDGER;
    INonfungiblePositionManager private immutable MANAGER;
    IUniswapV3Factory private immutable FACTORY;

    enum Action {
        Move,
        Buy,
        Sell
    }

    /// @dev A position, its cash and their pool.
    struct Market {
        BoxId id;
        uint24 fee;
        address facade;
        address cash;
        address pool;
        bool positionIs0;
    }

    /// @dev What a callback has to know: it pays the pool for `action`.
    struct Trade {
        Action action;
        BoxId long;
        uint128 quantity;
        address facade;
        address cash;
        address trader;
        address recipient;
        uint256 limit;
    }

    /// @dev The pool that is traded with, and nobody else may call back; zero outside of a call.
    address private transient _pool;
    /// @dev What the callback of a trade of SHORT came to.
    int256 private transient _outcome;

    /// @param factory_ The position manager's.
    constructor(address ledger_, address factory_, address positionManager_) {
        LEDGER = ILedger(ledger_);
        FACTORY = IUniswapV3Factory(factory_);
        MANAGER = INonfungiblePositionManager(positionManager_);
    }

    /* LISTING */

    /// @inheritdoc IListing
    function list(Offer calldata offer)
        external
        returns (address pool, uint256 tokenId, uint256 quantity, uint256 cash)
    {
        Market memory market = _enter(offer.id, offer.fee, offer.deadline);
        _requireListable(market, offer.price);

        if (!LEDGER.hasFacade(offer.id)) LEDGER.deployFacade(offer.id);
        if (offer.quantity > 0) {
            LEDGER.transferFrom(msg.sender, address(this), BoxId.unwrap(offer.id), offer.quantity);
        }
        if (offer.cash > 0) IERC20(market.cash).safeTransferFrom(msg.sender, address(this), offer.cash);
        (uint256 quantityLeft, uint256 cashLeft) = _openPool(market, offer);
        (tokenId, quantity, cash) = _addLiquidity(market, offer, quantityLeft, cashLeft);
        require(
            quantity >= offer.quantityMin && cash >= offer.cashMin,
            TooLittleListed(quantity, offer.quantityMin, cash, offer.cashMin)
        );

        emit Listed(offer.id, market.pool, tokenId, quantity, cash);

        _give(market.facade, msg.sender, quantityLeft - quantity);
        _give(market.cash, msg.sender, cashLeft - cash);
        _pool = address(0);
        return (market.pool, tokenId, quantity, cash);
    }

    /* SHORT */

    /// @inheritdoc IListing
    function buyShort(
        BoxId long,
        uint24 fee,
        uint128 quantity,
        uint256 maxCost,
        uint256 deadline,
        address recipient
    ) external returns (int256 cost) {
        Market memory market = _enterLong(long, fee, deadline);
        Trade memory trade = _tradeOf(Action.Buy, market, quantity, maxCost, recipient);

        _swap(market, trade, true, uint256(quantity).toInt256(), _limitOf(market, true));
        cost = _outcome;

        emit ShortBought(long, msg.sender, quantity, cost);
        _pool = address(0);
    }

    /// @inheritdoc IListing
    function sellShort(
        BoxId long,
        uint24 fee,
        uint128 quantity,
        uint256 minProceeds,
        uint256 deadline,
        address recipient
    ) external returns (uint256 proceeds) {
        Market memory market = _enterLong(long, fee, deadline);
        Trade memory trade = _tradeOf(Action.Sell, market, quantity, minProceeds, recipient);

        _swap(market, trade, false, -uint256(quantity).toInt256(), _limitOf(market, false));
        proceeds = _outcome.toUint256();

        emit ShortSold(long, msg.sender, quantity, proceeds);
        _pool = address(0);
    }

    /* PERMITS AND CALLBACK */

    /// @inheritdoc IListing
    function permit(address token, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        try IERC20Permit(token).permit(msg.sender, address(this), value, deadline, v, r, s) {} catch {}
    }

    /// @notice The pool has paid out and asks to be paid.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        require(msg.sender == _pool, NotPool(msg.sender, _pool));
        Trade memory trade = abi.decode(data, (Trade));

        (int256 position, int256 cash) = trade.facade < trade.cash ? (amount0, amount1) : (amount1, amount0);
        if (trade.action == Action.Buy) _outcome = _payWithEscrow(trade, position, cash);
        else if (trade.action == Action.Sell) _outcome = _payWithMerge(trade, position, cash);
        else _payWithHoldings(trade, position, cash);
    }

    /* VIEWS */

    /// @inheritdoc IListing
    function poolOf(BoxId id, uint24 fee) external view returns (address) {
        return _marketOf(id, fee).pool;
    }

    /// @inheritdoc IListing
    function rangeOf(BoxId id, uint24 fee) external view returns (int24 tickLower, int24 tickUpper) {
        return _rangeOf(_marketOf(id, fee));
    }

    /// @inheritdoc IListing
    function sqrtPriceOf(BoxId id, uint256 price) external view returns (uint160 sqrtPriceX96) {
        return PoolPrice.toSqrtX96(price, _marketOf(id, 0).positionIs0);
    }

    /// @inheritdoc IListing
    function ledger() external view returns (address) {
        return address(LEDGER);
    }

    /// @inheritdoc IListing
    function positionManager() external view returns (address) {
        return address(MANAGER);
    }

    /* MARKETS */

    /// @dev From here on only that pool may call back, until it is zero again.
    function _enter(BoxId id, uint24 fee, uint256 deadline) private returns (Market memory market) {
        require(_pool == address(0), Reentered());
        uint256 time = block.timestamp;
        require(time <= deadline, TooLate(deadline, time));
        market = _marketOf(id, fee);
        _pool = market.pool;
    }

    function _enterLong(BoxId long, uint24 fee, uint256 deadline) private returns (Market memory market) {
        require(!long.isShort(), ILedger.NotLong(long));
        market = _enter(long, fee, deadline);
        require(market.pool.code.length > 0, NoPool(long, fee));
    }

    function _marketOf(BoxId id, uint24 fee) private view returns (Market memory market) {
        address facade = LEDGER.facadeOf(id);
        address cash = LEDGER.termsOf(id.index()).token;
        bool positionIs0 = facade < cash;
        bytes32 salt = keccak256(positionIs0 ? abi.encode(facade, cash, fee) : abi.encode(cash, facade, fee));
        address pool = Create2.computeAddress(salt, POOL_CODE_HASH, address(FACTORY));
        return Market(id, fee, facade, cash, pool, positionIs0);
    }

    function _requireListable(Market memory market, uint256 price) private view {
        _spacingOf(market.fee);
        (uint256 least, uint256 most) = LEDGER.boundsOf(market.id);
        require(price >= least && price <= most && least < most, PriceOutsideBounds(price, least, most));
    }

    function _spacingOf(uint24 fee) private view returns (int24 spacing) {
        spacing = FACTORY.feeAmountTickSpacing(fee);
        require(spacing > 0, NoSuchFee(fee));
    }

    function _rangeOf(Market memory market) private view returns (int24 tickLower, int24 tickUpper) {
        (uint256 least, uint256 most) = LEDGER.boundsOf(market.id);
        return PoolPrice.rangeAround(
            PoolPrice.toSqrtX96(least, market.positionIs0),
            PoolPrice.toSqrtX96(most, market.positionIs0),
            _spacingOf(market.fee)
        );
    }

    /* LIQUIDITY */

    /// @dev Makes sure that the pool is there and has the price.
    /// @return quantity What the caller has of the position after that.
    /// @return cash What he has of the reward token.
    function _openPool(Market memory market, Offer calldata offer)
        private
        returns (uint256 quantity, uint256 cash)
    {
        (quantity, cash) = (offer.quantity, offer.cash);
        uint160 wanted = PoolPrice.toSqrtX96(offer.price, market.positionIs0);
        (address token0, address token1) = _ordered(market);
        MANAGER.createAndInitializePoolIfNecessary(token0, token1, market.fee, wanted);
        (uint160 current,,,,,,) = IUniswapV3Pool(market.pool).slot0();
        if (PoolPrice.isNear(current, wanted, offer.toleranceBps)) return (quantity, cash);

        bool sellsPosition = market.positionIs0 == (wanted < current);
        uint256 held = sellsPosition ? quantity : cash;
        // An empty pool takes nothing, but has to be asked to take something.
        uint256 atMost = Math.max(held, 1);
        Trade memory trade = _tradeOf(Action.Move, market, 0, held, address(0));
        (int256 position, int256 paid) = _swap(market, trade, sellsPosition, atMost.toInt256(), wanted);
        quantity = (quantity.toInt256() - position).toUint256();
        cash = (cash.toInt256() - paid).toUint256();

        (current,,,,,,) = IUniswapV3Pool(market.pool).slot0();
        require(PoolPrice.isNear(current, wanted, offer.toleranceBps), PoolPriceOff(current, wanted));
    }

    function _addLiquidity(Market memory market, Offer calldata offer, uint256 quantity, uint256 cash)
        private
        returns (uint256 tokenId, uint256 quantityUsed, uint256 cashUsed)
    {
        _allow(market.facade, address(MANAGER), quantity);
        _allow(market.cash, address(MANAGER), cash);
        INonfungiblePositionManager.MintParams memory params;
        (params.token0, params.token1) = _ordered(market);
        params.fee = market.fee;
        (params.tickLower, params.tickUpper) = _rangeOf(market);
        (params.amount0Desired, params.amount1Desired) =
            market.positionIs0 ? (quantity, cash) : (cash, quantity);
        params.recipient = offer.recipient;
        params.deadline = offer.deadline;
        uint256 used0;
        uint256 used1;
        (tokenId,, used0, used1) = MANAGER.mint(params);
        (quantityUsed, cashUsed) = market.positionIs0 ? (used0, used1) : (used1, used0);
    }

    function _ordered(Market memory market) private pure returns (address token0, address token1) {
        return market.positionIs0 ? (market.facade, market.cash) : (market.cash, market.facade);
    }

    /* SWAPS */

    function _tradeOf(Action action, Market memory market, uint128 quantity, uint256 limit, address recipient)
        private
        view
        returns (Trade memory)
    {
        return Trade({
            action: action,
            long: market.id,
            quantity: quantity,
            facade: market.facade,
            cash: market.cash,
            trader: msg.sender,
            recipient: recipient,
            limit: limit
        });
    }

    /// @return position What the pool got of the position, negative for what it gave.
    /// @return cash The same of the reward token.
    function _swap(
        Market memory market,
        Trade memory trade,
        bool sellsPosition,
        int256 amount,
        uint160 limitX96
    ) private returns (int256 position, int256 cash) {
        (int256 amount0, int256 amount1) = IUniswapV3Pool(market.pool)
            .swap(address(this), sellsPosition == market.positionIs0, amount, limitX96, abi.encode(trade));
        return market.positionIs0 ? (amount0, amount1) : (amount1, amount0);
    }

    /// @dev As good as none: the limits of the callers are in cash.
    function _limitOf(Market memory market, bool sellsPosition) private pure returns (uint160) {
        return sellsPosition == market.positionIs0 ? PoolPrice.MIN_SQRT_X96 + 1 : PoolPrice.MAX_SQRT_X96 - 1;
    }

    function _payWithHoldings(Trade memory trade, int256 position, int256 cash) private {
        (address token, int256 owed) = position > 0 ? (trade.facade, position) : (trade.cash, cash);
        if (owed <= 0) return;
        require(owed.toUint256() <= trade.limit, PoolWantsMore(owed.toUint256(), trade.limit));
        _give(token, msg.sender, owed.toUint256());
    }

    /// @return cost Of the SHORT.
    function _payWithEscrow(Trade memory trade, int256 position, int256 received)
        private
        returns (int256 cost)
    {
        require(position.toUint256() == trade.quantity, PoolTooShallow(position.toUint256(), trade.quantity));
        uint256 width = LEDGER.previewEscrow(trade.long, trade.quantity);
        cost = width.toInt256() + received;
        require(cost <= 0 || cost.toUint256() <= trade.limit, CostTooHigh(cost, trade.limit));

        if (cost > 0) {
            IERC20(trade.cash).safeTransferFrom(trade.trader, address(this), cost.toUint256());
        }
        _allow(trade.cash, address(LEDGER), width);
        LEDGER.escrow(trade.long, trade.quantity, msg.sender, trade.recipient);
        if (cost < 0) _give(trade.cash, trade.trader, (-cost).toUint256());
    }

    /// @return proceeds Of the SHORT.
    function _payWithMerge(Trade memory trade, int256 position, int256 owed)
        private
        returns (int256 proceeds)
    {
        uint256 bought = (-position).toUint256();
        require(bought == trade.quantity, PoolTooShallow(bought, trade.quantity));
        uint256 short = BoxId.unwrap(LEDGER.mirrorOf(trade.long));
        LEDGER.transferFrom(trade.trader, address(this), short, trade.quantity);
        uint256 width = LEDGER.merge(trade.long, trade.quantity, address(this));
        proceeds = width.toInt256() - owed;
        require(proceeds >= 0 && proceeds.toUint256() >= trade.limit, ProceedsTooLow(proceeds, trade.limit));

        _give(trade.cash, msg.sender, owed.toUint256());
        _give(trade.cash, trade.recipient, proceeds.toUint256());
    }

    /* TOKENS */

    /// @dev For good: nothing is ever here to be taken between calls.
    function _allow(address token, address spender, uint256 amount) private {
        if (IERC20(token).allowance(address(this), spender) >= amount) return;
        IERC20(token).forceApprove(spender, type(uint256).max);
    }

    /// @dev Some tokens refuse to move nothing.
    function _give(address token, address to, uint256 amount) private {
        if (amount > 0) IERC20(token).safeTransfer(to, amount);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IListing} from "../../../contracts/interfaces/IListing.sol";
import {INonfungiblePositionManager} from "../../../contracts/interfaces/INonfungiblePositionManager.sol";
import {IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3Pool.sol";
import {Listing} from "../../../contracts/market/Listing.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {PoolTrader} from "../mocks/PoolTrader.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice What Uniswap has and our contracts do not need.
interface IFactory {
    function getPool(address a, address b, uint24 fee) external view returns (address);
    function createPool(address a, address b, uint24 fee) external returns (address);
}

interface IPool is IUniswapV3Pool {
    function initialize(uint160 sqrtPriceX96) external;
    function liquidity() external view returns (uint128);
}

interface IPositions is INonfungiblePositionManager {
    function ownerOf(uint256 tokenId) external view returns (address);
    function positions(uint256 tokenId)
        external
        view
        returns (
            uint96 nonce,
            address operator,
            address token0,
            address token1,
            uint24 fee,
            int24 tickLower,
            int24 tickUpper,
            uint128 liquidity,
            uint256 growth0,
            uint256 growth1,
            uint128 owed0,
            uint128 owed1
        );
}

/// @notice Adds Uniswap v3 as npm has it, bytecode and all, and the listing contract.
abstract contract UniswapTest is BaseTest {
    string private constant PACKAGES = "node_modules/@uniswap/";
    uint256 internal constant NEVER = type(uint256).max;
    uint160 internal constant MIN_SQRT = 4_295_128_740;
    uint160 internal constant MAX_SQRT = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;

    IFactory internal factory;
    IPositions internal manager;
    Listing internal listing;
    PoolTrader internal trader;

    function setUp() public virtual override {
        super.setUp();
        factory = IFactory(_deploy("v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory", ""));
        manager = IPositions(
            _deploy(
                "v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager",
                abi.encode(factory, makeAddr("weth"), makeAddr("descriptor"))
            )
        );
        listing = new Listing(address(ledger), address(factory), address(manager));
        trader = new PoolTrader();
    }

    function _deploy(string memory artifact, bytes memory arguments) private returns (address deployed) {
        bytes memory code = bytes.concat(creationCode(artifact), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), "not deployed");
    }

    function creationCode(string memory artifact) internal view returns (bytes memory) {
        return vm.parseJsonBytes(vm.readFile(string.concat(PACKAGES, artifact, ".json")), ".bytecode");
    }

    /// @dev Another reward token, whose address is above or below that of every facade.
    function useOrder(bool positionIs0) internal {
        address at = positionIs0 ? address(type(uint160).max - 9) : address(0x1009);
        vm.etch(at, address(token).code);
        useToken(at);
    }

    function useToken(address at) internal {
        token = PlainToken(at);
        index = ledger.register(termsOf(at, address(source)));
    }

    /// @dev Lets `who` have the box and cash, and the listing and the position manager take them.
    function equip(address who, BoxId id, uint128 quantity, uint256 cash) internal {
        if (quantity > 0) escrowAs(who, id, quantity);
        fund(who, cash);
        vm.startPrank(who);
        token.approve(address(listing), NEVER);
        token.approve(address(manager), NEVER);
        ledger.approve(address(listing), BoxId.unwrap(id), NEVER);
        vm.stopPrank();
    }

    function offerOf(BoxId id, uint24 fee, uint256 price) internal view returns (IListing.Offer memory) {
        return IListing.Offer({
            id: id,
            fee: fee,
            price: price,
            toleranceBps: 0,
            quantity: 0,
            cash: 0,
            quantityMin: 0,
            cashMin: 0,
            deadline: block.timestamp,
            recipient: miner
        });
    }

    /// @dev A pool with the miner's liquidity: `quantity` of LONG, and as much cash as it is worth.
    function listLong(BoxId long, uint24 fee, uint256 price, uint128 quantity) internal returns (IPool) {
        IListing.Offer memory offer = offerOf(long, fee, price);
        (offer.quantity, offer.cash) = (quantity, price * quantity / 1e36 + 1);
        equip(miner, long, quantity, offer.cash);
        vm.prank(miner);
        (address pool,,,) = listing.list(offer);
        return IPool(pool);
    }

    function sqrtPriceOf(IPool pool) internal view returns (uint160 sqrtX96) {
        (sqrtX96,,,,,,) = pool.slot0();
    }

    function tickOf(IPool pool) internal view returns (int24 tick) {
        (, tick,,,,,) = pool.slot0();
    }

    function feeOf(uint256 seed) internal pure returns (uint24 fee, int24 spacing) {
        if (seed % 3 == 0) return (500, 10);
        return seed % 3 == 1 ? (3000, int24(60)) : (10_000, int24(200));
    }

    function facadeOf(BoxId id) internal view returns (IERC20) {
        return IERC20(ledger.facadeOf(id));
    }

    function assertNothingStays(BoxId long) internal view {
        assertEq(token.balanceOf(address(listing)), 0, "cash stays");
        assertEq(balanceOf(address(listing), long), 0, "LONG stays");
        assertEq(balanceOf(address(listing), ledger.mirrorOf(long)), 0, "SHORT stays");
    }
}
